"""Whose fault an error is: monitoring and the hot path agree without importing each other."""

from apps.monitoring.rules.counts import REFUSALS
from workers.serving.errors import BY_CODE, CALLER


def test_refusals_are_exactly_the_errors_that_the_hot_path_calls_the_callers() -> None:
    assert {code for code, error in BY_CODE.items() if error.fault == CALLER} == REFUSALS
