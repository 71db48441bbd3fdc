"""Whose fault an error is: monitoring and the hot path agree without importing each other."""

from apps.monitoring.rules.counts import MODEL_FAULTS, REFUSALS
from workers.serving.errors import BY_CODE, CALLER, MODEL


def test_refusals_are_exactly_the_errors_that_the_hot_path_calls_the_callers() -> None:
    assert {code for code, error in BY_CODE.items() if error.fault == CALLER} == REFUSALS


def test_the_models_faults_are_exactly_the_errors_that_the_hot_path_calls_the_models() -> None:
    assert {code for code, error in BY_CODE.items() if error.fault == MODEL} == MODEL_FAULTS
