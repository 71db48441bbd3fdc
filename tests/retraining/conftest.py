"""A deployment that may be retrained."""

from pathlib import Path

import pytest

from tests.retraining.loop import Loop
from tests.world import World


@pytest.fixture
def loop(world: World, home: Path) -> Loop:
    """Live, with old samples to learn from and to measure with, and no policy yet."""
    return Loop(world)
