"""A canary at its first step."""

import pytest

from apps.deployments.models import Rollout
from tests.deployments.makers import Fleet, approve, make_deployment, make_revision, make_version
from tests.workers.canaries import COUNT, WIDE
from tests.world import World
from workers import compare


@pytest.fixture
def canary(world: World) -> Rollout:
    """Two revisions of `digits` that share the traffic."""
    deployment, fleet = make_deployment(world), Fleet()
    fleet.go_live(world, deployment, make_revision(world, deployment, make_version(world)))
    plan = {"steps": [20], "samples": COUNT, **WIDE}
    revision = make_revision(world, deployment, make_version(world, 2), strategy="canary", canary=plan)
    approve(world, revision)
    fleet.beat()
    fleet.bring_up()
    compare._due.clear()
    return Rollout.objects.get(to_revision=revision)
