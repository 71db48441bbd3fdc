"""Windows become lines: zeros are true zeros, gaps are gaps."""

from hypothesis import given
from hypothesis import strategies as st

from apps.monitoring.rules.counts import Counts, total
from apps.monitoring.rules.present import present
from apps.monitoring.rules.series import series, starts

AT = [0, 10, 20]
codes = st.dictionaries(st.sampled_from(["too_busy", "bad_input"]), st.integers(0, 5))
counts = st.builds(Counts, requests=st.integers(0, 1000), errors=codes)


def test_a_window_nobody_was_heard_in_is_a_gap() -> None:
    lines = series(AT, {0: {1: Counts(20)}, 20: {1: Counts(30)}}, heard={0, 20})
    assert lines.rates == {1: [2.0, None, 3.0]}
    assert lines.failed == [0.0, None, 0.0]


def test_a_heard_window_without_requests_is_a_true_zero_with_unknown_latency() -> None:
    lines = series(AT, {0: {1: Counts(20, latency={"5.0": 20})}}, heard={0, 10, 20})
    assert lines.rates == {1: [2.0, 0.0, 0.0]}
    assert lines.p95 == [5.0, None, None]


def test_refusals_are_the_callers_and_do_not_count_as_failed() -> None:
    lines = series([0], {0: {1: Counts(10, errors={"bad_input": 2, "model_failed": 1})}}, heard={0})
    assert (lines.failed, lines.refused) == ([0.1], [0.2])


def test_percentiles_are_over_all_revisions_together() -> None:
    by_revision = {1: Counts(90, latency={"5.0": 90}), 2: Counts(10, latency={"50.0": 10})}
    lines = series([0], {0: by_revision}, heard={0})
    assert (lines.p50, lines.p95) == ([5.0], [50.0])


def test_the_last_start_is_the_window_that_is_filling() -> None:
    assert starts(now=1_000_000_007.3, minutes=1) == [999_999_950 + 10 * step for step in range(6)]


@given(counts, counts, st.floats(0, 10))
def test_the_present_rate_is_within_what_both_windows_allow(filling: Counts, previous: Counts, elapsed: float) -> None:
    rate = present({1: filling}, {1: previous}, elapsed).rate
    assert rate is not None
    assert filling.requests / 10 <= rate <= (filling.requests + previous.requests) / 10


@given(st.lists(counts, max_size=6))
def test_the_parts_of_a_present_rate_add_up_to_it(parts: list[Counts]) -> None:
    numbers = present(dict(enumerate(parts)), {}, 5.0)
    assert numbers.rates is not None and numbers.rate is not None
    assert abs(sum(numbers.rates.values()) - numbers.rate) < 1e-6
    assert total(parts).requests == round(numbers.rate * 10)


def test_shares_of_nothing_are_unknown() -> None:
    numbers = present({}, {}, 3.0)
    assert (numbers.rate, numbers.failed, numbers.p95) == (0.0, None, None)
