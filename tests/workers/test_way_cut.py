"""From request to live, a process is killed at every write in turn: no event is lost, and none is acted on twice."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from redis import Redis

from tests.workers.cutting import Cuts, Way
from tests.world import World

pytestmark = pytest.mark.django_db
Walk = Callable[[Cuts, int], dict[str, Any]]

TRAIL = [
    "revision.requested",
    "approval.requested",
    "approval.approve",
    "revision.approved",
    "rollout.started",
    "rollout.stepped",
    "rollout.stepped",
    "rollout.shifted",
    "rollout.draining",
    "rollout.done",
]


@pytest.fixture
def walk(world: World, valkey: Redis) -> Walk:
    """Goes the whole way and takes back what it wrote, so that the next begins where this one began."""

    def walked(cuts: Cuts, times: int = 1) -> dict[str, Any]:
        with pytest.MonkeyPatch.context() as patch, transaction.atomic():
            way = Way(world, valkey, patch)
            found = way.walk(cuts.around(patch, times))
            call_command("audit_verify", verbosity=0)
            transaction.set_rollback(True)
        return found

    return walked


def test_nobody_is_killed_and_each_step_is_taken_once(walk: Walk) -> None:
    facts = walk(Cuts(), 1)
    assert facts == {
        "trail": TRAIL,
        "events": ["approvals.granted", "deployments.rollout_requested", "deployments.rollout_requested"],
        "requests": ["granted"],
        "decisions": 1,
        "revisions": ["retired", "live"],
        "rollouts": [("done", 0), ("done", 1)],
    }


def test_killed_at_any_write_or_word_it_comes_to_the_same_end(walk: Walk) -> None:
    counting = Cuts()
    expected = walk(counting, 1)
    assert counting.met > 2 * len(TRAIL), "every entry of the trail is one place, and there are events and listeners"
    for at in range(1, counting.met + 1):
        cuts = Cuts(at)
        assert walk(cuts, 1) == expected, f"killed at place {at} of {counting.met}"
        assert not cuts.armed, f"place {at} was not reached"


def test_every_event_told_twice_is_acted_on_once(walk: Walk) -> None:
    expected = walk(Cuts(), 1)
    assert walk(Cuts(), 2) == expected
