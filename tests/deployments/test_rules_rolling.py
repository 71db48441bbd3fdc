"""A rolling rollout never has more than `surge` replicas above the count, and always gets on."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from apps.deployments.rules.rolling import new_slots, old_slots, share, weights

COUNTS = st.integers(1, 40)
SHARES = st.builds(lambda a, b: Fraction(min(a, b), max(a, b)), st.integers(0, 40), st.integers(1, 40))


@given(COUNTS, st.integers(0, 40), st.integers(1, 5))
def test_there_are_at_most_surge_replicas_above_the_count(count: int, ready: int, surge: int) -> None:
    reached = share([(ready, count)])
    assert new_slots(count, reached, surge) + old_slots(count, reached) <= count + max(surge, 1)


@given(COUNTS, st.integers(1, 5))
def test_it_gets_on_until_all_are_there(count: int, surge: int) -> None:
    ready = 0
    for _ in range(count):
        ready = new_slots(count, share([(ready, count)]), surge)
    assert ready == count


@given(st.lists(COUNTS, min_size=1, max_size=4), st.integers(1, 5))
def test_stages_of_different_counts_get_on_together(counts: list[int], surge: int) -> None:
    ready = [0] * len(counts)
    for _ in range(sum(counts)):
        reached = share(zip(ready, counts, strict=True))
        ready = [new_slots(count, reached, surge) for count in counts]
    assert ready == counts


@given(COUNTS, SHARES)
def test_the_last_old_replica_stays(count: int, reached: Fraction) -> None:
    assert 1 <= old_slots(count, reached) <= count


@given(SHARES, SHARES)
def test_weights_are_a_hundred_and_none_goes_where_nothing_is_ready(old: Fraction, new: Fraction) -> None:
    to_old, to_new = weights(old, new)
    assert to_old + to_new == 100
    assert min(to_old, to_new) >= 0
    assert new or to_new == 0
    assert old or not new or to_old == 0


def test_a_revision_with_nothing_of_its_own_is_all_there() -> None:
    assert share([]) == 1
