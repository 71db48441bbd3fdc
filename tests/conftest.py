"""Fixtures that every test may ask for."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections
from hypothesis import settings as hypothesis_settings
from redis import Redis

from tests.emptying import emptying_allow, emptying_persist
from tests.world import World

# What a rule takes on a busy machine says nothing about the rule: a speed is a benchmark's.
hypothesis_settings.register_profile("quartet", deadline=None)
hypothesis_settings.load_profile("quartet")


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """A database of this run's own, so that two runs on one server do not meet."""
    connections["default"].settings_dict["TEST"]["NAME"] = f"quartet_test_{os.getpid()}"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The test database may be emptied (tests/emptying.py)."""
    emptying_persist()
    with django_db_blocker.unblock():
        emptying_allow()


@pytest.fixture
def world(db: None) -> World:
    """The cast, freshly in the database."""
    return World.create()


@pytest.fixture
def home(tmp_path: Path, settings: object) -> Path:
    """An empty QUARTET_HOME for this test alone."""
    settings.QUARTET_HOME = tmp_path / "home"  # type: ignore[attr-defined]
    settings.QUARTET_HOME.mkdir()  # type: ignore[attr-defined]
    return tmp_path / "home"


@pytest.fixture
def valkey() -> Iterator[Redis]:
    """The test run's Valkey, with Quartet's own keys removed before and after."""
    with Redis.from_url(django_settings.REDIS_URL) as client:
        _forget(client)
        yield client
        _forget(client)


def _forget(client: Redis) -> None:
    for key in client.scan_iter("quartet:*", count=1000):
        client.delete(key)
