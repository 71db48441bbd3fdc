"""An alias points at one version, and every move is kept."""

from pathlib import Path

import pytest

from apps.core.errors import CallerError, Conflict, Forbidden, NotFound
from apps.core.models import AuditEntry, OutboxEvent
from apps.registry.errors import BadName
from apps.registry.models import Alias, AliasMove, ModelVersion
from apps.registry.selectors import version_by_ref
from apps.registry.services import alias_delete, alias_move
from tests.registry import artifact
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def versions(world: World, home: Path) -> tuple[ModelVersion, ModelVersion]:
    return artifact.version(world.ada), artifact.version(world.ada, weights=(3.0,))


def move(world: World, version: ModelVersion, alias: str = "candidate", **rest: object) -> Alias:
    return alias_move(actor=world.ada, model=version.model, alias=alias, version=version, **rest)


def test_it_points_at_the_version(world: World, versions: tuple[ModelVersion, ...]) -> None:
    move(world, versions[0])

    assert version_by_ref(versions[0].model, "@candidate") == versions[0]


def test_it_moves(world: World, versions: tuple[ModelVersion, ...]) -> None:
    move(world, versions[0])
    move(world, versions[1])

    assert version_by_ref(versions[0].model, "@candidate") == versions[1]


def test_every_move_is_kept(world: World, versions: tuple[ModelVersion, ...]) -> None:
    move(world, versions[0], reason="first")
    move(world, versions[1], reason="better")
    alias_delete(actor=world.ada, model=versions[0].model, alias="candidate", reason="retired")

    kept = AliasMove.objects.order_by("pk").values_list("from_version__number", "to_version__number", "reason")
    assert list(kept) == [(None, 1, "first"), (1, 2, "better"), (2, None, "retired")]


def test_each_move_is_told_and_written_in_the_audit_trail(world: World, versions: tuple[ModelVersion, ...]) -> None:
    move(world, versions[0])
    move(world, versions[1], reason="better")

    event = OutboxEvent.objects.filter(name="registry.alias_moved").latest("created_at")
    assert event.payload == {"model": "echo", "alias": "candidate", "version": 2, "previous": 1}
    assert AuditEntry.objects.filter(action="alias.move").first().detail["reason"] == "better"


def test_pointing_it_where_it_points_changes_nothing(world: World, versions: tuple[ModelVersion, ...]) -> None:
    move(world, versions[0])
    move(world, versions[0])

    assert AliasMove.objects.count() == 1


def test_it_moves_if_it_points_where_the_caller_thinks(world: World, versions: tuple[ModelVersion, ...]) -> None:
    move(world, versions[0], expected=None)
    move(world, versions[1], expected=1)

    assert Alias.objects.get().version == versions[1]


@pytest.mark.parametrize("expected", [2, None])
def test_it_stays_if_it_points_elsewhere(
    world: World, versions: tuple[ModelVersion, ...], expected: int | None
) -> None:
    move(world, versions[0])

    with pytest.raises(Conflict, match="points at version 1"):
        move(world, versions[1], expected=expected)
    assert Alias.objects.get().version == versions[0]


def test_a_version_of_another_model_is_refused(world: World, versions: tuple[ModelVersion, ...]) -> None:
    other = artifact.version(world.ada, "other")

    with pytest.raises(CallerError, match="does not belong to the model 'echo'"):
        alias_move(actor=world.ada, model=versions[0].model, alias="candidate", version=other)


@pytest.mark.parametrize("name", ["Champion", "3", "a b", "latest", "", "x" * 64, "a--b", "-a", "a-"])
def test_a_name_that_could_be_mistaken_is_refused(world: World, versions: tuple[ModelVersion, ...], name: str) -> None:
    with pytest.raises(BadName):
        move(world, versions[0], alias=name)


def test_somebody_without_the_role_is_refused(world: World, versions: tuple[ModelVersion, ...]) -> None:
    with pytest.raises(Forbidden):
        alias_move(actor=world.cy, model=versions[0].model, alias="candidate", version=versions[0])


def test_taking_away_an_alias_that_is_not_there_is_refused(world: World, versions: tuple[ModelVersion, ...]) -> None:
    with pytest.raises(NotFound, match="no alias 'candidate'"):
        alias_delete(actor=world.ada, model=versions[0].model, alias="candidate")


def test_taking_it_away_leaves_the_version(world: World, versions: tuple[ModelVersion, ...]) -> None:
    move(world, versions[0])
    alias_delete(actor=world.ada, model=versions[0].model, alias="candidate")

    assert not Alias.objects.exists()
    assert version_by_ref(versions[0].model, 1) == versions[0]


@pytest.mark.parametrize("ref", ["9", "@nobody", "", "x", "-1", "1.0", "²", "9" * 50])
def test_a_reference_to_nothing_is_not_found(world: World, versions: tuple[ModelVersion, ...], ref: str) -> None:
    with pytest.raises(NotFound):
        version_by_ref(versions[0].model, ref)
