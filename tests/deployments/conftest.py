"""Fixtures of the deployment tests."""

import pytest

from apps.deployments.models import Deployment
from apps.registry.models import ModelVersion
from tests.deployments.makers import Fleet, make_deployment, make_version
from tests.world import World


@pytest.fixture
def version(world: World) -> ModelVersion:
    return make_version(world)


@pytest.fixture
def deployment(world: World) -> Deployment:
    return make_deployment(world)


@pytest.fixture
def fleet(world: World) -> Fleet:
    """One node, up, with room for eight replicas."""
    return Fleet()
