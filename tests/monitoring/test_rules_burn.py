"""When an error budget burns: both windows, enough requests, and calm by the short one. No data is neither."""

from hypothesis import assume, given
from hypothesis import strategies as st

from apps.monitoring.rules.burn import PAIRS, WINDOWS, Sum, budget_left, burn, firing, needed, severity
from apps.monitoring.rules.findings import Severity

TARGETS = st.floats(0.5, 0.9999)
SHARES = st.floats(0, 1)


def alike(share: float, total: int = 100_000) -> dict[int, Sum]:
    """Every window with the same share of bad requests."""
    return dict.fromkeys(WINDOWS, Sum(total, round(share * total), 60))


@st.composite
def sums(draw: st.DrawFn) -> dict[int, Sum]:
    def window() -> Sum:
        total = draw(st.integers(0, 10_000))
        return Sum(total, draw(st.integers(0, total)), draw(st.integers(0, 60)))

    return {length: window() for length in WINDOWS}


def test_the_numbers_are_the_workbooks() -> None:
    told = [(pair.severity, pair.factor, pair.long / 3600, pair.short / 60) for pair in PAIRS]
    assert told == [("page", 14.4, 1, 5), ("page", 6, 6, 30), ("ticket", 1, 72, 360)]


@given(TARGETS, SHARES)
def test_a_steady_share_fires_exactly_what_it_burns_as_fast_as(target: float, share: float) -> None:
    rate = burn(alike(share)[300], target)
    expected = {place for place, pair in enumerate(PAIRS) if rate is not None and rate >= needed(pair, target)}
    assert firing(alike(share), target, least=100) == expected


@given(TARGETS)
def test_a_total_outage_pages_however_low_the_target(target: float) -> None:
    assert firing(alike(1.0), target, least=100) == {0, 1, 2}


@given(TARGETS)
def test_at_an_exacting_target_the_factor_is_the_workbooks(target: float) -> None:
    if target >= 0.95:
        assert [needed(pair, target) for pair in PAIRS] == [14.4, 6.0, 1.0]


@given(sums(), TARGETS, st.sampled_from(WINDOWS), st.integers(0, 500))
def test_one_more_bad_request_never_silences(before: dict[int, Sum], target: float, length: int, more: int) -> None:
    window = before[length]
    worse = before | {length: window._replace(bad=min(window.total, window.bad + more))}
    assert firing(before, target, least=10) <= firing(worse, target, least=10)


@given(sums(), TARGETS, st.integers(1, 20_000))
def test_nothing_begins_on_fewer_requests_than_are_asked_for(held: dict[int, Sum], target: float, least: int) -> None:
    begun = firing(held, target, least)
    assert all(held[PAIRS[place].long].total >= least for place in begun)


@given(sums(), TARGETS)
def test_nothing_begins_on_one_hot_window_alone(held: dict[int, Sum], target: float) -> None:
    for place in firing(held, target, least=1):
        for length in (PAIRS[place].long, PAIRS[place].short):
            rate = burn(held[length], target)
            assert rate is not None
            assert rate >= needed(PAIRS[place], target)


@given(sums(), TARGETS, st.sets(st.integers(0, 2)))
def test_what_fired_ends_once_its_short_window_is_calm(held: dict[int, Sum], target: float, before: set[int]) -> None:
    calm = {pair.short: Sum(1000, 0, 5) for pair in PAIRS}
    assert firing(held | calm, target, 10, before) == frozenset()


@given(sums(), TARGETS)
def test_what_fired_goes_on_while_its_short_window_burns_whatever_the_long_one_does(
    held: dict[int, Sum], target: float
) -> None:
    hot = held | {PAIRS[0].short: Sum(10, 10, 5), PAIRS[0].long: Sum(10_000, 0, 60)}
    assert 0 in firing(hot, target, 10, {0})
    assert 0 not in firing(hot, target, 10)


@given(sums(), TARGETS, st.sets(st.integers(0, 2)))
def test_while_nobody_is_heard_nothing_begins_and_nothing_ends(
    held: dict[int, Sum], target: float, before: set[int]
) -> None:
    silent = {length: window._replace(minutes=0) for length, window in held.items()}
    assert firing(silent, target, 10, before) == before


@given(TARGETS)
def test_where_nobody_asks_any_more_it_lasts_as_long_as_the_long_window_burns(target: float) -> None:
    nobody = Sum(0, 0, 5)
    short = {pair.short: nobody for pair in PAIRS if pair.short != PAIRS[1].long}
    assert 0 in firing(alike(1.0) | short, target, 100, {0})
    assert 0 not in firing(alike(0.0) | short, target, 100, {0})
    assert 0 not in firing(alike(1.0) | short, target, 100)


@given(st.integers(1, 10**6), TARGETS, SHARES)
def test_the_budget_is_whole_without_failures_and_none_is_left_at_the_target(
    total: int, target: float, share: float
) -> None:
    assert budget_left(Sum(total, 0), target) == 1
    left = budget_left(Sum(total, round(total * share)), target)
    assert left is not None
    allowed = (1 - target) * total
    spent = round(total * share) / allowed
    assume(abs(spent - 1) > 1e-9)  # at the very target, rounding decides
    assert (left < 0) == (spent > 1)


def test_of_no_requests_nothing_is_known() -> None:
    assert burn(Sum(0, 0, 60), 0.99) is None
    assert budget_left(Sum(0, 0, 60), 0.99) is None


def test_the_graver_severity_counts() -> None:
    assert severity({1, 2}) == Severity.PAGE
    assert severity({2}) == Severity.TICKET
