"""Versions, their files and the moves of aliases are written once: the class says so, and so does the database."""

from pathlib import Path

import pytest
from django.db import IntegrityError, models, transaction

from apps.registry.errors import Immutable
from apps.registry.models import AliasMove, Artifact, ModelVersion
from apps.registry.services import alias_move, version_memory_measured
from tests.registry import artifact
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(world: World, home: Path) -> ModelVersion:
    version = artifact.version(world.ada)
    alias_move(actor=world.ada, model=version.model, alias="candidate", version=version)
    return version


FROZEN = [
    (ModelVersion, "number", 9),
    (ModelVersion, "digest", "0" * 64),
    (ModelVersion, "manifest", {}),
    (ModelVersion, "lineage", {}),
    (ModelVersion, "size_bytes", 1),
    (ModelVersion, "created_at", "2020-01-01T00:00Z"),
    (Artifact, "sha256", "0" * 64),
    (Artifact, "path", "other"),
    (AliasMove, "reason", "other"),
]


@pytest.mark.parametrize(("table", "column", "value"), FROZEN)
def test_save_refuses_a_frozen_column(
    version: ModelVersion, table: type[models.Model], column: str, value: object
) -> None:
    row = table.objects.first()
    setattr(row, column, value)

    with pytest.raises(Immutable):
        row.save(update_fields=[column])


@pytest.mark.parametrize(("table", "column", "value"), FROZEN)
def test_the_database_refuses_a_frozen_column(
    version: ModelVersion, table: type[models.Model], column: str, value: object
) -> None:
    with pytest.raises(IntegrityError, match="immutable"), transaction.atomic():
        table.objects.update(**{column: value})


def test_saving_a_whole_row_is_refused(version: ModelVersion) -> None:
    with pytest.raises(Immutable):
        version.save()


@pytest.mark.parametrize("table", [ModelVersion, Artifact, AliasMove])
def test_delete_is_refused(version: ModelVersion, table: type[models.Model]) -> None:
    with pytest.raises(Immutable):
        table.objects.first().delete()


@pytest.mark.parametrize("table", [ModelVersion, Artifact, AliasMove])
def test_the_database_refuses_a_delete(version: ModelVersion, table: type[models.Model]) -> None:
    rows = table.objects.all()

    with pytest.raises(IntegrityError, match="immutable"), transaction.atomic():
        rows._raw_delete(rows.db)


def test_measured_memory_may_be_written(version: ModelVersion) -> None:
    version_memory_measured(version_id=version.pk, memory_bytes=1000)

    version.refresh_from_db()
    assert version.memory_bytes == 1000


def test_measured_memory_keeps_the_most(version: ModelVersion) -> None:
    version_memory_measured(version_id=version.pk, memory_bytes=1000)

    assert not version_memory_measured(version_id=version.pk, memory_bytes=900)
    version.refresh_from_db()
    assert version.memory_bytes == 1000
