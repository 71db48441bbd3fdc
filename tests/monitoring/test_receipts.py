"""Each numbered entry counts once, whatever the order and however often it comes."""

from hypothesis import given
from hypothesis import strategies as st

from apps.monitoring.rules.receipts import PATIENCE, Receipts, counted, received


def _counted_of(numbers: list[int]) -> tuple[Receipts, list[int]]:
    receipts, taken = Receipts(), []
    for number in numbers:
        if not counted(receipts, number):
            receipts = received(receipts, number)
            taken.append(number)
    return receipts, taken


@given(st.lists(st.integers(1, 60), max_size=200))
def test_in_any_order_and_with_any_repeats_each_counts_once(numbers: list[int]) -> None:
    _, taken = _counted_of(numbers)
    assert sorted(taken) == sorted(set(numbers))


@given(st.permutations(list(range(1, 40))))
def test_a_whole_run_leaves_nothing_ahead_and_nothing_lost(numbers: list[int]) -> None:
    receipts, _ = _counted_of(numbers)
    assert receipts == Receipts(floor=39)


def test_one_that_stays_away_for_long_is_given_up_and_counted_as_lost() -> None:
    receipts, _ = _counted_of([1, *range(3, PATIENCE + 4)])
    assert receipts == Receipts(floor=PATIENCE + 3, lost=1)


def test_one_that_was_given_up_does_not_count_when_it_comes_after_all() -> None:
    receipts, _ = _counted_of([1, *range(3, PATIENCE + 4)])
    assert counted(receipts, 2)


@given(st.sets(st.integers(1, 10_000), min_size=1, max_size=50))
def test_the_record_never_grows_past_what_came(numbers: set[int]) -> None:
    receipts, _ = _counted_of(sorted(numbers))
    assert len(receipts.ahead) <= len(numbers)
