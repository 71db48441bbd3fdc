"""Registrations at once, each in a thread and a database connection of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier

import pytest
from django.db import connection

from apps.core.audit import first_break
from apps.registry.models import ModelVersion
from tests.registry import artifact
from tests.registry.artifact import Publisher
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 6


def at_once(calls: list[Callable[[], tuple[ModelVersion, bool]]]) -> list[tuple[ModelVersion, bool]]:
    """Start all calls at the same moment and return their results."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], tuple[ModelVersion, bool]]) -> tuple[ModelVersion, bool]:
        try:
            barrier.wait(timeout=30)
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def bringing(world: World, readme: bytes) -> Publisher:
    return artifact.publisher(world.ada).send_all(artifact.files() | {"README.md": readme})


def test_different_bytes_at_once_get_different_numbers(world: World, home: Path) -> None:
    uploads = [bringing(world, str(n).encode()) for n in range(AT_ONCE)]

    results = at_once([upload.register for upload in uploads])

    assert sorted(version.number for version, _ in results) == list(range(1, AT_ONCE + 1))
    assert all(created for _, created in results)


def test_the_same_bytes_at_once_become_one_version(world: World, home: Path) -> None:
    uploads = [bringing(world, b"same") for _ in range(AT_ONCE)]

    results = at_once([upload.register for upload in uploads])

    assert len({version.pk for version, _ in results}) == 1
    assert sum(created for _, created in results) == 1
    assert ModelVersion.objects.count() == 1


def test_the_same_bytes_at_once_for_two_models_are_whole_for_both(world: World, home: Path) -> None:
    uploads = [artifact.publisher(world.ada, name).send_all(artifact.files()) for name in ("one", "other")]

    results = at_once([upload.register for upload in uploads])

    assert [created for _, created in results] == [True, True]
    directory = results[0][0].directory
    assert {path: (directory / path).read_bytes() for path in artifact.files()} == artifact.files()


def test_the_audit_chain_stays_whole(world: World, home: Path) -> None:
    at_once([bringing(world, str(n).encode()).register for n in range(AT_ONCE)])

    assert first_break() is None


def test_whole_publications_at_once_all_succeed(world: World, home: Path) -> None:
    artifact.publisher(world.ada)

    def publish(number: int) -> tuple[ModelVersion, bool]:
        done = [bringing(world, f"{number} {turn}".encode()).register(alias="newest") for turn in range(4)]
        return done[-1]

    at_once([partial(publish, number) for number in range(4)])

    assert ModelVersion.objects.count() == 16
