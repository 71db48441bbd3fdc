"""Moves of one alias at once, each in a thread and a database connection of its own."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from django.db import connection

from apps.core.errors import Conflict
from apps.registry.models import Alias, AliasMove, ModelVersion
from apps.registry.services import alias_move
from tests.registry import artifact
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def move_at_once(world: World, versions: list[ModelVersion], **rest: object) -> list[bool]:
    """Point `candidate` at every version at the same moment; returns who was let through."""
    barrier = Barrier(len(versions))

    def run(version: ModelVersion) -> bool:
        try:
            barrier.wait(timeout=30)
            alias_move(actor=world.ada, model=version.model, alias="candidate", version=version, **rest)
        except Conflict:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(versions)) as pool:
        return list(pool.map(run, versions))


@pytest.fixture
def versions(world: World, home: Path) -> list[ModelVersion]:
    return [artifact.version(world.ada, weights=(float(n),)) for n in range(4)]


def test_the_moves_form_one_chain_that_ends_where_the_alias_points(world: World, versions: list[ModelVersion]) -> None:
    assert all(move_at_once(world, versions))

    moves = list(AliasMove.objects.order_by("pk"))
    assert [move.from_version for move in moves] == [None, *(move.to_version for move in moves[:-1])]
    assert Alias.objects.get().version == moves[-1].to_version


def test_of_those_who_expect_the_same_one_is_let_through(world: World, versions: list[ModelVersion]) -> None:
    assert sum(move_at_once(world, versions, expected=None)) == 1
    assert AliasMove.objects.count() == 1
