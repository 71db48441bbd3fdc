"""Windows become lines: zeros are true zeros, gaps are gaps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.monitoring.rules.counts import Counts
from apps.monitoring.rules.figures import figures
from apps.monitoring.rules.series import Series, series, shown, starts
from workers.serving.sketch import noted

AT = [0, 10, 20]
codes = st.dictionaries(st.sampled_from(["too_busy", "bad_input"]), st.integers(0, 5))
counts = st.builds(Counts, requests=st.integers(0, 1000), errors=codes)


def _took(**values: float) -> Counts:
    """Ten requests, each sketch of one value."""
    names = {name.replace("__", "/"): noted([(value, 10)]) for name, value in values.items()}
    return Counts(10, sketches=names)


def _series(windows: dict[int, dict[int, Counts]], heard: dict[int, int]) -> Series:
    return series(AT, 10, shown(AT, windows, heard))


def test_a_window_nobody_was_heard_in_is_a_gap() -> None:
    found = _series({0: {1: Counts(20)}, 20: {1: Counts(30)}}, heard={0: 10, 20: 10})
    assert found.groups["rates"] == {"1": [2.0, None, 3.0]}
    assert found.lines["failed"] == [0.0, None, 0.0]


def test_a_heard_window_without_requests_is_a_true_zero_with_unknown_latency() -> None:
    found = _series({0: {1: _took(latency=5)}}, heard={0: 10, 10: 10, 20: 10})
    assert found.groups["rates"] == {"1": [1.0, 0.0, 0.0]}
    assert found.lines["p95"] == [pytest.approx(5.0, rel=0.01), None, None]


def test_a_rate_is_over_the_seconds_that_are_known() -> None:
    assert _series({0: {1: Counts(20)}}, heard={0: 4}).groups["rates"] == {"1": [5.0, None, None]}


def test_refusals_are_the_callers_and_do_not_count_as_failed() -> None:
    found = figures({1: Counts(10, errors={"bad_input": 2, "model_failed": 1})}, 10)
    assert (found.failed, found.refused) == (0.1, 0.2)
    assert found.reasons == {"bad_input": 0.2, "model_failed": 0.1}


def test_percentiles_are_over_all_revisions_together() -> None:
    slow = Counts(10, sketches={"latency": noted([(50.0, 10)])})
    found = figures({1: Counts(90, sketches={"latency": noted([(5.0, 90)])}), 2: slow}, 10)
    assert (found.p50, found.p95) == (pytest.approx(5.0, rel=0.01), pytest.approx(50.0, rel=0.01))


def test_stages_queues_and_batches_are_told_by_name_and_unknown_where_nothing_passed() -> None:
    took = _took(stage__infer=8, queue__all=2, batch__all=4, confidence=0.9)
    found = _series({0: {1: took}}, heard={0: 10, 10: 10})
    told = {name: dict(found.groups[name]) for name in ("stages", "queues", "batches")}
    near = {"infer": 8, "all": 2}
    assert told["stages"]["infer"] == [pytest.approx(near["infer"], rel=0.01), None, None]
    assert told["queues"]["all"] == [pytest.approx(near["all"], rel=0.01), None, None]
    assert told["batches"]["all"] == [pytest.approx(4, rel=0.01), None, None]
    assert found.groups["confidence"]["p10"] == [pytest.approx(0.9, rel=0.01), None, None]


def test_the_last_start_is_the_window_that_is_filling() -> None:
    assert starts(now=1_000_000_007.3, length=60, step=10) == [999_999_950 + 10 * step for step in range(6)]


@given(st.lists(counts, max_size=6))
def test_the_parts_of_a_rate_add_up_to_it(parts: list[Counts]) -> None:
    found = figures(dict(enumerate(parts)), 10.0)
    assert found.rate is not None
    assert abs(sum(found.rates.values()) - found.rate) < 1e-6
    assert found.requests == sum(each.requests for each in parts)


def test_shares_of_nothing_are_unknown() -> None:
    found = figures({}, 3.0)
    assert (found.rate, found.failed, found.p95) == (0.0, None, None)
