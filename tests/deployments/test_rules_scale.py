"""Stages grow soon, shrink late, and never leave their bounds."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from apps.deployments.rules.scale import Bounds, Load, Scale, scale, start_count

BOUNDS = Bounds(least=1, most=4, queue_ms=100, in_flight=8, up_s=2, down_s=60, idle_s=300)
FROM_ZERO = replace(BOUNDS, least=0)
PRESSED = Load(waiting=3, in_progress=4, oldest_ms=500, ready=4)
STEADY = Load(in_progress=2, ready=1)
NOTHING = Load(ready=1)
TIMES = st.floats(0, 10_000)

bounds = st.builds(
    lambda least, extra, **rest: Bounds(least, max(1, least + extra), **rest),
    st.integers(0, 5),
    st.integers(0, 5),
    queue_ms=st.integers(1, 1000),
    in_flight=st.integers(1, 50),
    up_s=st.integers(0, 10),
    down_s=st.integers(0, 100),
    idle_s=st.integers(1, 400),
)
loads = st.builds(
    Load,
    st.integers(0, 300),
    st.integers(0, 300),
    st.floats(0, 5000),
    st.none() | st.floats(0, 1000),
    st.integers(0, 8),
)
states = st.builds(Scale, st.integers(0, 12), st.just(""), st.none() | TIMES, st.none() | TIMES, TIMES)


def run(state: Scale, load: Load | None, *moments: float, within: Bounds = BOUNDS) -> Scale:
    for moment in moments:
        state = scale(state, load, within, moment)
    return state


@given(states, st.none() | loads, bounds, TIMES)
def test_it_never_leaves_its_bounds(state: Scale, load: Load | None, within: Bounds, now: float) -> None:
    assert within.least <= scale(state, load, within, now).desired <= within.most


@given(states, st.none() | loads, bounds, TIMES)
def test_every_change_says_why(state: Scale, load: Load | None, within: Bounds, now: float) -> None:
    after = scale(state, load, within, now)
    assert after.desired == state.desired or after.reason


@given(st.integers(1, 5), st.lists(st.tuples(loads, st.floats(0.1, 30)), max_size=30), bounds)
def test_two_changes_are_never_nearer_than_the_delay(
    begin: int, seen: list[tuple[Load, float]], within: Bounds
) -> None:
    """But for waking, going to nothing after idleness, and bounds that moved."""
    state, now, changed = Scale(min(max(begin, within.least), within.most)), 0.0, 0.0
    for load, pause in seen:
        now += pause
        after = scale(state, load, within, now)
        if after.desired > state.desired > 0:
            assert now - changed >= within.up_s
        if 0 < after.desired < state.desired:
            assert now - changed >= within.down_s
        if after.desired != state.desired:
            changed = now
        state = after


@given(loads.filter(lambda load: load.requests > 0), TIMES)
def test_whatever_waits_wakes_a_stage_that_has_nothing_at_once(load: Load, now: float) -> None:
    assert scale(Scale(0), load, FROM_ZERO, now).desired == 1


def test_a_stage_that_nobody_asks_stays_at_nothing() -> None:
    assert run(Scale(0), Load(), 1, 1000, within=FROM_ZERO).desired == 0


def test_pressure_must_last_before_it_grows() -> None:
    state = run(Scale(1), PRESSED, 10, 11.9)
    assert state.desired == 1
    assert run(state, PRESSED, 12).desired == 2


def test_pressure_that_ceased_begins_anew() -> None:
    state = run(run(Scale(1), PRESSED, 10, 11), STEADY, 11.5)
    assert run(state, PRESSED, 12, 13).desired == 1


def test_it_grows_by_as_many_as_the_requests_need() -> None:
    assert run(Scale(1), Load(waiting=20, in_progress=8, ready=1), 0, 2).desired == 4


def test_it_waits_for_replicas_that_load_before_it_asks_for_more() -> None:
    loading = replace(PRESSED, ready=1)
    assert run(Scale(2), loading, 0, 2, 4, 6).desired == 2


def test_slack_must_last_before_it_shrinks_by_one() -> None:
    state = run(Scale(3), STEADY, 0, 59)
    assert state.desired == 3
    assert run(state, STEADY, 60).desired == 2


def test_idleness_alone_leads_to_nothing_and_only_where_it_may() -> None:
    used = Scale(1, used_at=100.0)
    assert run(used, NOTHING, 399, within=FROM_ZERO).desired == 1
    assert run(used, NOTHING, 400, within=FROM_ZERO).desired == 0
    assert run(used, NOTHING, 4000).desired == 1


def test_a_request_that_came_and_went_between_two_looks_counts_as_use() -> None:
    assert run(Scale(1, used_at=0.0), replace(NOTHING, quiet_s=5), 400, within=FROM_ZERO).desired == 1


def test_what_nobody_saw_does_not_count_as_lasting() -> None:
    state = run(run(Scale(1), PRESSED, 0), None, 1)
    assert run(state, PRESSED, 2).desired == 1


@given(st.integers(0, 8), st.integers(1, 8), st.integers(0, 20))
def test_a_new_stage_begins_with_at_least_one_and_as_many_as_the_old_one(least: int, most: int, present: int) -> None:
    most = max(least, most)
    assert start_count(least, most, present) == max(1, min(most, max(least, present)))
