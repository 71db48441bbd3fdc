"""On the way back, too, a process is killed at every write in turn: all traffic is the former revision's again, no
event is lost, and none is acted on twice. So it is where somebody holds the rollout and lets it go on."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from redis import Redis

from tests.workers.cutting import Cuts, same_end_told_twice, same_end_wherever_killed
from tests.workers.way import SHADOW, Begun, Story, Way
from tests.world import World

pytestmark = pytest.mark.django_db

ABORTED = ["rollout.aborted", "rollout.reverting", "rollout.failed"]
FAILED = ["rollout.reverting", "rollout.failed"]
HELD = ["rollout.paused", "rollout.resumed"]
DONE = ["rollout.shifted", "rollout.draining", "rollout.done"]


def aborted(way: Way) -> None:
    """By a person, who held it and let it go on before."""
    way.presses("pause", way.paused("ada"))
    way.until(way.moment, way.measured("pass"))
    way.presses("resume", way.measured(""))
    way.comes("canary", 1)
    way.presses("abort", way.stands("reverting", 1), reason="It talks nonsense.")
    way.ends("failed")


def aborted_early(way: Way) -> None:
    """By a person, before it had any traffic: it ends at once."""
    way.presses("abort", way.stands("failed"))
    way.ends("failed")


def failed(way: Way) -> None:
    """By itself, at the second step, to which a person sent it when nobody asked."""
    way.asked, way.lasted = False, 1000.0
    way.until(way.moment, way.paused("has answered 0"))
    way.presses("promote", way.stands("canary", 1), step=0)
    way.asked, way.lasted = True, 2.0
    way.breaks()
    way.ends("failed")


def failed_while_held(way: Way) -> None:
    """By itself, though somebody holds it."""
    way.presses("pause", way.paused("ada"))
    way.breaks()
    way.ends("failed")


def aborted_after_the_shadow(way: Way) -> None:
    """At the first step of the canary that follows."""
    way.until(way.moment, lambda: bool(way.rollout and way.rollout.state == "canary"))
    way.presses("abort", lambda: bool(way.rollout and way.rollout.state == "reverting"))
    way.ends("failed")


class Back(NamedTuple):
    """What becomes of a rollout that stands at `begins`, and what that leaves in the audit trail."""

    tell: Callable[[Way], None]
    trail: list[str]
    begins: str = "canary"


STORIES = {
    "held, let go on and aborted": Back(aborted, [*HELD, "rollout.stepped", *ABORTED]),
    "aborted before it had traffic": Back(aborted_early, ["rollout.aborted", "rollout.failed"], "starting"),
    "failed": Back(failed, ["rollout.paused", "rollout.promoted", "rollout.stepped", *FAILED]),
    "failed while held": Back(failed_while_held, ["rollout.paused", *FAILED]),
    "failed in the shadow while held": Back(failed_while_held, ["rollout.paused", *FAILED], "shadow"),
    "aborted after the shadow": Back(aborted_after_the_shadow, ["rollout.stepped", *ABORTED], "shadow"),
}


@pytest.mark.parametrize("name", list(STORIES))
def test_killed_at_any_write_of_the_way_back_the_former_revision_has_all_traffic(
    world: World, valkey: Redis, name: str
) -> None:
    back = STORIES[name]
    spec = {"strategy": "shadow", "shadow": SHADOW} if back.begins == "shadow" else {}
    walk = Begun(world, valkey, Story(back.tell, **spec), back.begins).walk
    facts = walk(Cuts(), 1)
    assert facts["trail"] == back.trail
    assert facts["revisions"] == ["live", "failed"]
    assert [state for state, _ in facts["rollouts"]] == ["done", "failed"]
    assert (facts["traffic"], facts["published"]) == ([(1, 100)], [1])
    same_end_wherever_killed(walk, least=len(back.trail))
    same_end_told_twice(walk)


def rolled_back(way: Way) -> None:
    """By a person, when the second had all traffic and the first was kept."""
    way.rolls_back()
    way.ends("done")


def test_killed_at_any_write_of_a_rollback_the_kept_revision_has_all_traffic(world: World, valkey: Redis) -> None:
    walk = Begun(world, valkey, Story(rolled_back, strategy="blue_green", canary=None, keep_s=3600), "keeping").walk
    facts = walk(Cuts(), 1)
    assert facts["trail"] == ["rollout.rolled_back", *DONE]
    assert (facts["revisions"], facts["traffic"], facts["published"]) == (["live", "retired"], [(1, 100)], [1])
    same_end_wherever_killed(walk, least=len(facts["trail"]))
    same_end_told_twice(walk)


def test_killed_at_any_write_while_somebody_holds_it_it_goes_on_as_told(world: World, valkey: Redis) -> None:
    def held(way: Way) -> None:
        way.presses("pause", way.paused("ada"))
        way.until(way.moment, way.measured("pass"))
        way.presses("resume", way.measured(""))
        way.ends("done")

    walk = Begun(world, valkey, Story(held)).walk
    facts = walk(Cuts(), 1)
    assert facts["trail"] == [*HELD, "rollout.stepped", *DONE]
    assert (facts["revisions"], facts["traffic"], facts["published"]) == (["retired", "live"], [(2, 100)], [2])
    same_end_wherever_killed(walk, least=len(facts["trail"]))
