"""Fixtures of the serving tests. Valkey is that of REDIS_URL; gateways and replicas are started for real."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving.planes import Plane
from tests.serving.processes import Valkey


@pytest.fixture(scope="session")
def redis_url() -> str:
    """The test run's Valkey; its `quartet:` keys belong to the tests."""
    return os.environ["REDIS_URL"]


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A Valkey of this test's own, to be killed, starved or set up otherwise."""
    (tmp_path / "valkey").mkdir()
    valkey = Valkey(tmp_path / "valkey")
    yield valkey
    valkey.kill()


@pytest.fixture
def plane(redis_url: str, tmp_path: Path) -> Iterator[Plane]:
    """A gateway of this test's own, without replicas."""
    with Plane(redis_url, tmp_path) as plane:
        yield plane


@pytest.fixture(scope="module")
def busy_plane(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """A gateway and a replica of the doubler shared by a module whose tests leave them as they were."""
    from tests.serving import worlds

    with Plane(redis_url, tmp_path_factory.mktemp("plane"), QUARTET_BODY_LIMIT=100_000) as plane:
        plane.publish(doubler=worlds.deployment(), empty=worlds.deployment(ready=False, splits=[]))
        plane.serve()
        yield plane
