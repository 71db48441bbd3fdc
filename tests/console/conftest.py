"""Fixtures of the console's tests."""

import pytest
from django.test import Client

from apps.core.models import User
from tests.console.scene import Scene
from tests.world import World


@pytest.fixture
def scene(world: World) -> Scene:
    """Two deployments that serve, and nothing wrong."""
    return Scene(world)


def signed_in(user: User) -> Client:
    """A browser's session of `user`, without a browser."""
    client = Client()
    client.force_login(user)
    return client
