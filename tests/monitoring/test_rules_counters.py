"""Counters that only rise: what rose lately, and by how much since it was calm."""

from hypothesis import given
from hypothesis import strategies as st

from apps.monitoring.rules.counters import rising, seen

CALM = 600.0


def test_what_was_counted_before_anybody_looked_is_old_news() -> None:
    assert not rising(seen(None, 7, 1e9, CALM), 1e9, CALM)


def test_it_rises_until_it_has_been_calm_for_long_enough() -> None:
    counter = seen(seen(None, 7, 1e9, CALM), 9, 1e9 + 10, CALM)
    assert rising(counter, 1e9 + 10 + CALM - 1, CALM)
    assert not rising(counter, 1e9 + 10 + CALM, CALM)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=10))
def test_one_rise_after_the_other_is_summed(steps: list[int]) -> None:
    count, counter = 50, seen(None, 50, 1e9, CALM)
    for place, step in enumerate(steps):
        count += step
        counter = seen(counter, count, 1e9 + 1 + place, CALM)
    assert counter.value - counter.base == sum(steps)


def test_after_a_calm_it_is_counted_anew() -> None:
    counter = seen(seen(None, 0, 1e9, CALM), 5, 1e9 + 1, CALM)
    later = seen(counter, 8, 1e9 + 1 + CALM, CALM)
    assert later.value - later.base == 3


def test_one_that_fell_begins_anew() -> None:
    counter = seen(seen(None, 50, 1e9, CALM), 60, 1e9 + 1, CALM)
    assert not rising(seen(counter, 2, 1e9 + 2, CALM), 1e9 + 2, CALM)
