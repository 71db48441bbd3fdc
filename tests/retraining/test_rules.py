"""When a trigger fires, what it is at first, and on which side a sample stands: rules that hold for all values."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.training.errors import BadRetrainPolicy
from apps.training.rules.retraining import DEFAULTS, LIMITS, checked
from apps.training.rules.triggers import (
    Kind,
    Pace,
    Seen,
    State,
    due,
    fate,
    groups_wanted,
    held_out,
    may_be_enough,
)

NOW = datetime(2026, 5, 1, tzinfo=UTC)
SPANS = st.integers(0, 10**6).map(lambda seconds: timedelta(seconds=seconds))
KEYS = st.lists(st.tuples(st.sampled_from(["image", "sound"]), st.text("0123456789abcdef", min_size=4)), min_size=1)


@given(
    open_one=st.sampled_from(["", "Trigger 1 waits."]), ended=SPANS | st.none(), cooldown=SPANS, despite=st.booleans()
)
def test_a_trigger_begins_only_when_none_is_open_and_the_cooldown_is_over(
    open_one: str, ended: timedelta | None, cooldown: timedelta, despite: bool
) -> None:
    state, reason = fate(
        open_one=open_one,
        last_ended=NOW - ended if ended is not None else None,
        cooldown=cooldown,
        now=NOW,
        despite=despite,
    )
    cooling = ended is not None and ended < cooldown and not despite
    assert state == (State.DEDUPLICATED if open_one else State.COOLING_DOWN if cooling else State.PENDING)
    assert bool(reason) == (state != State.PENDING)


@st.composite
def looks(draw: st.DrawFn) -> tuple[Pace, list[tuple[timedelta, int, int]]]:
    """A policy, and what looks in turn see: the time since the one before, labels, and how many were right."""
    pace = Pace(
        every_hours=draw(st.none() | st.integers(1, 100)),
        every_labels=draw(st.none() | st.integers(1, 100)),
        accuracy_floor=draw(st.none() | st.floats(0, 1)),
        accuracy_least=draw(st.integers(1, 50)),
        cooldown=draw(SPANS),
    )
    seen = st.tuples(
        st.integers(1, 86_400).map(lambda s: timedelta(seconds=s)), st.integers(0, 200), st.integers(0, 60)
    )
    return pace, draw(st.lists(seen, max_size=20))


@given(looks())
def test_a_kind_that_fired_rests_for_the_cooldown_and_for_a_minute_at_least(
    course: tuple[Pace, list[tuple[timedelta, int, int]]],
) -> None:
    pace, seen = course
    moment, fired = NOW, {}  # type: ignore[var-annotated]
    for passed, labels, right in seen:
        moment += passed
        found = due(pace, Seen(since=NOW, fired=dict(fired), labels=labels, labelled=60, right=right), moment)
        if found is None:
            continue
        kind, why = found
        assert why
        if kind in fired:
            assert moment - fired[kind] >= max(pace.cooldown, timedelta(minutes=1))
        fired[kind] = moment


@given(looks())
def test_nothing_fires_that_the_policy_does_not_ask_for(course: tuple[Pace, list[Any]]) -> None:
    pace, seen = course
    asked = {
        Kind.ACCURACY: pace.accuracy_floor,
        Kind.LABELS: pace.every_labels,
        Kind.SCHEDULE: pace.every_hours,
    }
    for passed, labels, right in seen:
        found = due(pace, Seen(since=NOW, fired={}, labels=labels, labelled=60, right=right), NOW + passed)
        assert found is None or asked[found[0]] is not None


@pytest.mark.parametrize(("labelled", "right", "fires"), [(99, 0, False), (100, 90, False), (100, 89, True)])
def test_the_accuracy_counts_below_its_floor_from_enough_labels_on(labelled: int, right: int, fires: bool) -> None:
    pace = Pace(None, None, 0.9, 100, timedelta())
    assert (due(pace, Seen(NOW, {}, labelled=labelled, right=right), NOW) is not None) == fires


@given(least=st.integers(1, 100), found=st.integers(0, 99), came=st.integers(0, 100), usable=st.data())
def test_no_look_is_spared_that_could_find_enough(least: int, found: int, came: int, usable: st.DataObject) -> None:
    """Of the labels that came since, each adds one sample at most."""
    then_found = found + usable.draw(st.integers(0, came))
    if then_found >= least:
        assert may_be_enough(least=least, found=found, came=came)


@given(KEYS, st.floats(0.05, 0.9), st.floats(0.05, 0.9))
def test_a_sample_that_is_set_apart_stays_so_with_a_larger_share(
    key: list[tuple[str, str]], share: float, other: float
) -> None:
    less, more = sorted((share, other))
    assert held_out(key, less) == held_out(list(key), less)
    assert not held_out(key, less) or held_out(key, more)


def test_the_share_is_what_was_asked_for() -> None:
    apart = sum(held_out([("image", f"{number:064x}")], 0.25) for number in range(10_000))
    assert 2300 < apart < 2700  # nothing is drawn: these are always the same


def test_groups_that_are_asked_for_are_those_named_or_all() -> None:
    assert groups_wanted(["image", "audio"], []) == ["image", "audio"]
    assert groups_wanted(["image", "audio"], ["audio", "video"]) == ["audio"]


@given(st.sampled_from(sorted(LIMITS)), st.integers() | st.floats() | st.booleans() | st.text() | st.none())
def test_a_number_beyond_its_limits_is_refused_by_name(name: str, value: Any) -> None:
    least, most = LIMITS[name]
    whole = isinstance(value, int) and not isinstance(value, bool)
    good = (whole and least <= value <= most) or (value is None and DEFAULTS[name] is None)
    if good:
        assert checked({name: value})[name] == value
        return
    with pytest.raises(BadRetrainPolicy, match=name):
        checked({name: value})


@pytest.mark.parametrize(
    "given",
    [
        {"cooldown": 3},
        {"enabled": 1},
        {"held_out": 0.01},
        {"accuracy_floor": 1.5},
        {"accuracy_window": "2h"},
        {"drift_groups": "image"},
        {"drift_groups": [""]},
        {"limit": {"seconds": True}},
        {"parameters": []},
    ],
)
def test_what_a_policy_cannot_say_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(BadRetrainPolicy):
        checked(given)
