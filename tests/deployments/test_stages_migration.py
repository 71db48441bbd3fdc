"""What an older release wrote means the same after the migration."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from apps.deployments.models import Stage

BEFORE = [("deployments", "0002_frozen_rows"), ("registry", "0002_frozen_rows")]


@pytest.mark.django_db(transaction=True)
def test_a_stage_of_three_replicas_has_three_and_is_of_its_revisions_version() -> None:
    MigrationExecutor(connection).migrate(BEFORE)
    version = _old_rows(MigrationExecutor(connection).loader.project_state(BEFORE).apps)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    stage = Stage.objects.get()
    assert (stage.min_replicas, stage.max_replicas, stage.version_id) == (3, 3, version)
    assert (stage.carrier_id, stage.scale) == (None, {})


def _old_rows(apps: Any) -> int:
    """A revision as it was kept; returns its version's id."""
    ada = apps.get_model("core", "User").objects.create(username="ada")
    model = apps.get_model("registry", "RegisteredModel").objects.create(name="digits-av", created_by=ada)
    version = apps.get_model("registry", "ModelVersion").objects.create(
        model=model, number=1, digest="d" * 64, manifest={}, size_bytes=1, created_by=ada
    )
    deployment = apps.get_model("deployments", "Deployment").objects.create(name="digits", created_by=ada)
    revision = apps.get_model("deployments", "Revision").objects.create(
        deployment=deployment, number=1, version=version, spec={}, digest="e" * 64, requested_by=ada
    )
    apps.get_model("deployments", "Stage").objects.create(
        revision=revision, position=0, name="all", steps=["infer"], device="cpu", replicas=3, batch_max=4
    )
    return int(version.pk)
