"""A deployment that is watched."""

import pytest

from tests.drift.recorded import Watched
from tests.world import World


@pytest.fixture
def watched(world: World) -> Watched:
    """Live, every input kept, with a profile and no prediction yet."""
    watched = Watched(world)
    watched.profile()
    return watched
