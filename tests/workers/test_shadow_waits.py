"""A shadow that nobody can judge waits for a person and says what lacks; the live revision answers everything."""

import pytest
from redis import Redis

from apps.deployments import services
from apps.deployments.models import Rollout
from apps.deployments.selectors import routing_deployments
from apps.inference.services import predictions_add
from tests.inference.records import record
from tests.workers.canaries import COUNT, PATIENCE_S, mirrored, passes
from tests.world import World
from workers.serving import names

pytestmark = pytest.mark.django_db


def still_mirrored() -> bool:
    route = routing_deployments()["digits"]
    splits = [(split["revision"], split["weight"]) for split in route["splits"]]
    return splits == [(1, 100)] and route["shadow"]["revision"] == 2


def test_where_the_live_revision_is_idle(shadow: Rollout) -> None:
    assert passes(shadow, PATIENCE_S - 1).paused_at is None
    held = passes(shadow, PATIENCE_S + 1)
    assert held.pause_reason.startswith(f"0 mirrored requests were compared of the {COUNT}")
    assert still_mirrored()


def test_where_the_traffic_stops_before_there_is_enough(shadow: Rollout) -> None:
    mirrored(count=COUNT // 2)
    held = passes(shadow, PATIENCE_S + 1)
    assert held.pause_reason.startswith(f"{COUNT // 2} mirrored requests were compared of the {COUNT}")
    assert still_mirrored()


def test_where_gateways_had_to_drop_every_mirror(shadow: Rollout, valkey: Redis) -> None:
    predictions_add(records=[record() for _ in range(COUNT)])
    valkey.hset(names.mirrors_key("digits", 2), mapping={"dropped": COUNT})
    held = passes(shadow, PATIENCE_S + 1)
    assert held.paused_at is not None
    assert held.comparison["mirrors"]["dropped"] == COUNT


def test_resumed_with_traffic_that_came_back_it_is_judged(world: World, shadow: Rollout) -> None:
    assert passes(shadow, PATIENCE_S + 1).paused_at is not None
    services.rollout_resume(actor=world.ada, rollout_id=shadow.pk)
    shadow.refresh_from_db()
    mirrored()
    assert passes(shadow, 61).pause_reason.startswith("It passed.")
    assert still_mirrored()
