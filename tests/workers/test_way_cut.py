"""From request to live, a process is killed at every write in turn: no event is lost, and none is acted on twice."""

import pytest
from redis import Redis

from tests.workers.cutting import Cuts, Walk, same_end_told_twice, same_end_wherever_killed
from tests.workers.way import SHADOW, Story, Way
from tests.world import World

pytestmark = pytest.mark.django_db

ASKED = ["revision.requested", "approval.requested", "approval.approve", "revision.approved", "rollout.started"]
MOVED = ["rollout.stepped", "rollout.stepped", "rollout.shifted", "rollout.draining", "rollout.done"]
STORIES = {
    "canary": Story(lambda way: way.ends("done")),
    "shadow, then canary": Story(lambda way: way.ends("done"), strategy="shadow", shadow=SHADOW),
}
TRAILS = {"canary": [*ASKED, *MOVED], "shadow, then canary": [*ASKED, "rollout.mirrored", *MOVED]}


@pytest.fixture(params=list(STORIES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def walk(world: World, valkey: Redis, name: str) -> Walk:
    return Way(world, valkey, STORIES[name]).walk


def test_nobody_is_killed_and_each_step_is_taken_once(walk: Walk, name: str) -> None:
    facts = walk(Cuts(), 1)
    assert [state for state, _ in facts.pop("rollouts")] == ["done", "done"]
    assert facts == {
        "trail": TRAILS[name],
        "events": ["approvals.granted", "deployments.rollout_requested", "deployments.rollout_requested"],
        "requests": ["granted"],
        "decisions": 1,
        "revisions": ["retired", "live"],
        "traffic": [(2, 100)],
        "published": [2],
    }


def test_killed_at_any_write_or_word_it_comes_to_the_same_end(walk: Walk, name: str) -> None:
    same_end_wherever_killed(walk, least=2 * len(TRAILS[name]))


def test_every_event_told_twice_is_acted_on_once(walk: Walk) -> None:
    same_end_told_twice(walk)
