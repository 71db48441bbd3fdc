"""Whichever way revisions come in, the newest approved one goes next and none is left in between."""

from hypothesis import given
from hypothesis import strategies as st

from apps.deployments.rules.queue import next_turn

NUMBERS = st.sets(st.integers(1, 12), max_size=8)


@st.composite
def queues(draw: st.DrawFn) -> dict:
    live = draw(st.none() | st.integers(1, 12))
    rolling = draw(st.none() | st.integers((live or 0) + 1, 13))
    approved = draw(NUMBERS) - {live, rolling}
    requested = draw(NUMBERS) - {live, rolling} - approved
    moving = rolling is not None and draw(st.booleans())
    return {"live": live, "rolling": rolling, "moving": moving, "approved": approved, "requested": requested}


@given(queues())
def test_only_the_newest_approved_revision_begins(queue: dict) -> None:
    turn = next_turn(**queue)
    if turn.begin is not None:
        assert turn.begin == max(queue["approved"])
        assert turn.begin > max(queue["live"] or 0, queue["rolling"] or 0)


@given(queues())
def test_moving_traffic_is_never_interrupted(queue: dict) -> None:
    turn = next_turn(**queue)
    if queue["moving"]:
        assert turn.begin is None
        assert turn.abandon is None


@given(queues())
def test_a_rollout_is_given_up_only_for_another(queue: dict) -> None:
    turn = next_turn(**queue)
    assert turn.abandon in (None, queue["rolling"])
    assert turn.abandon is None or turn.begin is not None


@given(queues())
def test_an_approved_revision_begins_waits_or_is_superseded(queue: dict) -> None:
    turn = next_turn(**queue)
    waits = {max(queue["approved"], default=None)} if queue["moving"] else set()
    assert queue["approved"] <= turn.supersede | {turn.begin} | waits


@given(queues())
def test_no_newer_request_is_passed_over(queue: dict) -> None:
    turn = next_turn(**queue)
    newest_of_all = max(queue["approved"] | {queue["live"] or 0, queue["rolling"] or 0})
    assert all(number <= newest_of_all for number in turn.supersede)


@given(queues())
def test_nothing_happens_without_an_approval(queue: dict) -> None:
    turn = next_turn(**(queue | {"approved": set()}))
    assert (turn.begin, turn.supersede, turn.abandon) == (None, frozenset(), None)
