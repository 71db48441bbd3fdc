"""A rollout at its first step."""

from typing import Any

import pytest

from apps.deployments.models import Rollout
from tests.deployments.makers import Fleet, approve, make_deployment, make_revision, make_version
from tests.workers.canaries import COUNT, WIDE
from tests.world import World
from workers import compare


def _at_its_first_step(world: World, **spec: Any) -> Rollout:
    deployment, fleet = make_deployment(world), Fleet()
    fleet.go_live(world, deployment, make_revision(world, deployment, make_version(world)))
    revision = make_revision(world, deployment, make_version(world, 2), **spec)
    approve(world, revision)
    fleet.beat()
    fleet.bring_up()
    compare._due.clear()
    return Rollout.objects.get(to_revision=revision)


@pytest.fixture
def canary(request: pytest.FixtureRequest, world: World) -> Rollout:
    """Two revisions of `digits` that share the traffic, by "canary" unless the test says "ab"."""
    plan = {"steps": [20], "samples": COUNT, **WIDE}
    return _at_its_first_step(world, strategy=getattr(request, "param", "canary"), canary=plan)


@pytest.fixture
def shadow(world: World) -> Rollout:
    """The second revision of `digits` stands in the shadow of the first."""
    plan = {"samples": COUNT, "failed": 0.3, "slower": 0.4, "unsure": 0.4, "differs": 0.4, "wrong": 0.3}
    return _at_its_first_step(world, strategy="shadow", shadow=plan)
