"""Deliveries that fail come back ever more slowly, for about three days."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from apps.webhooks.rules.schedule import LONGEST_ASKED, MOST_TRIES, pause

LUCK = st.floats(0, 1)


@given(st.lists(LUCK, min_size=MOST_TRIES - 1, max_size=MOST_TRIES - 1))
def test_each_pause_is_longer_than_the_one_before_whatever_the_luck(luck: list[float]) -> None:
    pauses = [pause(tries, luck[tries - 1]) for tries in range(1, MOST_TRIES)]
    assert all(before < after for before, after in pairwise(pauses))  # type: ignore[operator]


@given(st.lists(LUCK, min_size=MOST_TRIES - 1, max_size=MOST_TRIES - 1))
def test_all_of_them_take_about_three_days(luck: list[float]) -> None:
    whole = sum((pause(tries, luck[tries - 1]) or timedelta() for tries in range(1, MOST_TRIES)), timedelta())
    assert timedelta(days=2.8) < whole < timedelta(days=3.6)


@given(st.integers(MOST_TRIES, 10_000), LUCK)
def test_after_the_last_try_it_is_given_up(tries: int, luck: float) -> None:
    assert pause(tries, luck) is None


@given(st.integers(1, MOST_TRIES - 1), LUCK, st.timedeltas(timedelta(0), timedelta(days=1000)))
def test_an_endpoint_may_ask_for_a_longer_pause_and_never_a_shorter_one(
    tries: int, luck: float, asked: timedelta
) -> None:
    usual, rest = pause(tries, luck), pause(tries, luck, asked)
    assert usual is not None
    assert rest == max(usual, min(asked, LONGEST_ASKED))
