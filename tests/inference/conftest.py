"""A live deployment to record predictions of."""

import pytest

from tests.deployments.makers import MANIFEST, Fleet, make_deployment, make_revision, make_version
from tests.world import World

DIGITS = [{"name": "digit", "datatype": "INT64", "shape": [-1], "role": "label", "classes": list(range(10))}]


def serve(world: World, name: str, **spec: object) -> None:
    """Make a deployment and bring its first revision live."""
    version = make_version(world, name=f"{name}-model", manifest=MANIFEST | {"outputs": DIGITS})
    deployment = make_deployment(world, name)
    Fleet().go_live(world, deployment, make_revision(world, deployment, version, **spec))


@pytest.fixture
def digits(world: World) -> None:
    """`digits`, which knows the classes 0 to 9."""
    serve(world, "digits")
