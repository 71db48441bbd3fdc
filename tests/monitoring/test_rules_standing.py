"""One word for an objective; what is not known is never called well. Accuracy is judged by what is sure."""

from hypothesis import given
from hypothesis import strategies as st

from apps.monitoring.rules.accuracy import Tally
from apps.monitoring.rules.burn import Sum
from apps.monitoring.rules.counts import Counts
from apps.monitoring.rules.objectives import Promise, judged, trouble
from apps.monitoring.rules.sketches import ACCURACY, within
from apps.monitoring.rules.standing import Standing, State, burning_now, left, measured, state, surely_missed
from tests.monitoring.promises import sketched

UP = Promise("availability", 0.99)
RIGHT = Promise("accuracy", 0.9, days=7)


def standing(total: int = 1000, bad: int = 0, **fields: object) -> Standing:
    return Standing(**{"period": Sum(total, bad, 60), "recent": Sum(total, bad, 60), "heard": True, **fields})  # type: ignore[arg-type]


def test_it_holds_burns_or_is_spent() -> None:
    assert state(standing(bad=5), UP) == State.HOLDS
    assert state(standing(bad=10), UP) == State.SPENT
    assert state(standing(bad=5, firing=(0,)), UP) == State.BURNING


def test_too_few_and_unheard_are_said_and_not_called_well() -> None:
    assert state(standing(99), UP) == State.TOO_FEW
    assert state(standing(heard=False), UP) == State.UNKNOWN
    assert state(Standing(), UP) == State.UNKNOWN
    assert left(standing(99), UP) is None
    assert burning_now(standing(heard=False), UP) is None
    assert measured(Standing()) is None


def test_what_burns_is_said_even_while_nobody_is_heard() -> None:
    assert state(standing(heard=False, firing=(2,)), UP) == State.BURNING


@given(st.lists(st.integers(0, 2), unique=True), st.floats(0, 2e9), st.booleans())
def test_what_is_kept_comes_back(places: list[int], at: float, heard: bool) -> None:
    kept = standing(at=at, firing=tuple(places), heard=heard, since=at)
    assert Standing.from_json(kept.as_json()) == kept
    assert Standing.from_json({}) == Standing()


def tallied(right: int, labelled: int) -> Tally:
    return Tally(labelled * 2, labelled, right)


def test_accuracy_is_not_judged_below_the_least_number_of_labels() -> None:
    few = tallied(0, RIGHT.least - 1)
    assert not surely_missed(few, few, RIGHT, fired=False)
    assert surely_missed(few, few, RIGHT, fired=True), "too few labels are no all-clear either"


@given(st.integers(100, 5000), st.data())
def test_accuracy_misses_only_where_it_is_sure(labelled: int, data: st.DataObject) -> None:
    tally = tallied(data.draw(st.integers(0, labelled)), labelled)
    missed = surely_missed(tally, tally, RIGHT, fired=False)
    assert tally.interval is not None
    assert missed == (tally.interval[1] < RIGHT.target)


@given(st.integers(100, 5000))
def test_accuracy_is_met_again_once_it_is_back_at_the_target(labelled: int) -> None:
    back = tallied(-(-labelled * 9 // 10), labelled)
    nearly = tallied(labelled * 9 // 10 - 1, labelled)
    assert not surely_missed(back, back, RIGHT, fired=True)
    assert surely_missed(nearly, nearly, RIGHT, fired=True)


def test_a_bad_day_is_seen_before_the_week_is_spoilt() -> None:
    assert surely_missed(tallied(60, 200), tallied(9500, 10_000), RIGHT, fired=False)


@given(st.dictionaries(st.integers(1, 1000), st.integers(0, 50), max_size=20), st.integers(1, 1001))
def test_within_counts_what_took_no_longer_within_the_sketchs_accuracy(times: dict[int, int], bound: int) -> None:
    found = within(sketched(times), bound)
    surely = sum(count for each, count in times.items() if each <= bound * (1 - 2 * ACCURACY))
    perhaps = sum(count for each, count in times.items() if each <= bound * (1 + 2 * ACCURACY))
    assert surely <= found <= perhaps


def test_refusals_are_neither_good_nor_bad() -> None:
    errors = {"bad_input": 40, "model_failed": 6}
    counts = Counts(requests=100, errors=errors, sketches={"latency": sketched({10: 50, 300: 4})})
    assert judged(UP, counts) == (60, 6)
    assert judged(Promise("latency", 0.95, 250), counts) == (54, 4)


def test_what_cannot_be_promised_is_refused_in_words() -> None:
    refused = [
        Promise("availability", 1.0),
        Promise("availability", 0.0),
        Promise("availability", 0.9, within_ms=5),
        Promise("latency", 0.9),
        Promise("latency", 0.9, within_ms=0),
        Promise("latency", 0.9, within_ms=10**6),
        Promise("availability", 0.9, days=29),
        Promise("availability", 0.9, days=0),
        Promise("accuracy", 0.9, days=8),
        Promise("accuracy", 0.9, days=7, least=0),
    ]
    assert all(trouble(promise) for promise in refused)
    for fine in (UP, RIGHT, Promise("latency", 0.95, 250)):
        assert trouble(fine) is None
