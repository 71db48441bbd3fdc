"""A chain and requests that an older release wrote are bound by the migration as they are."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from apps.approvals.models import ApprovalRequest
from apps.approvals.rules import evidence_digest
from apps.core import audit
from apps.core.rules import GENESIS
from tests.emptying import emptying_allow

BEFORE = [("core", "0001_initial"), ("approvals", "0001_initial")]
EVIDENCE = {"Version": "digits-av/1", "accuracy": 0.98}


@pytest.mark.django_db(transaction=True)
def test_what_an_older_release_wrote_goes_on() -> None:
    MigrationExecutor(connection).migrate(BEFORE)
    _old_rows(MigrationExecutor(connection).loader.project_state(BEFORE).apps)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    emptying_allow()
    assert audit.head().sequence == 2
    with transaction.atomic():
        assert audit.record(actor=None, action="a", target="t").previous_hash == "2" * 64
    request = ApprovalRequest.objects.get()
    assert (request.evidence_digest, request.expires_at) == (evidence_digest(EVIDENCE), None)


def _old_rows(apps: Any) -> None:
    ada = apps.get_model("core", "User").objects.create(username="ada")
    entries = apps.get_model("core", "AuditEntry").objects
    for number, previous in ((1, GENESIS), (2, "1" * 64)):
        entries.create(
            sequence=number,
            at="2026-11-01T00:00Z",
            actor_name="ada",
            action="a",
            target="t",
            previous_hash=previous,
            hash=str(number) * 64,
        )
    apps.get_model("approvals", "ApprovalRequest").objects.create(
        id=uuid4(),
        event_id=uuid4(),
        kind="rollout",
        subject_id=1,
        digest="d" * 64,
        summary="Deploy",
        evidence=EVIDENCE,
        requested_by=ada,
        approvals_required=1,
    )
