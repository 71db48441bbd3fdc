"""What a reviewer's no does."""

from typing import Any

from apps.core.ids import new_id
from apps.core.models import AuditEntry
from apps.deployments.models import Deployment, Revision
from apps.deployments.services import revision_reject
from apps.registry.models import ModelVersion
from tests.deployments.makers import approve, make_revision
from tests.world import World


def reject(world: World, revision: Revision, **changes: Any) -> None:
    said: dict[str, Any] = {"kind": "rollout", "subject_id": revision.pk, "digest": revision.digest}
    revision_reject(event_id=new_id(), **(said | {"reviewer": world.ben.pk, "comment": "not on a Friday"} | changes))
    revision.refresh_from_db()


def test_a_rejected_revision_ends_with_the_reason(world: World, deployment: Deployment, version: ModelVersion) -> None:
    revision = make_revision(world, deployment, version)
    reject(world, revision)
    assert (revision.state, revision.state_reason) == ("rejected", "Rejected by ben: not on a Friday")
    assert revision.ended_at is not None


def test_it_is_written_down_who_rejected(world: World, deployment: Deployment, version: ModelVersion) -> None:
    reject(world, make_revision(world, deployment, version))
    assert AuditEntry.objects.get(action="revision.rejected").actor == world.ben


def test_the_same_rejection_told_twice_is_written_down_once(
    world: World, deployment: Deployment, version: ModelVersion
) -> None:
    revision = make_revision(world, deployment, version)
    reject(world, revision)
    reject(world, revision)
    assert AuditEntry.objects.filter(action="revision.rejected").count() == 1


def test_a_rejection_that_comes_after_an_approval_changes_nothing(
    world: World, deployment: Deployment, version: ModelVersion
) -> None:
    revision = make_revision(world, deployment, version)
    approve(world, revision)
    reject(world, revision)
    assert revision.state == Revision.State.STARTING


def test_another_kind_of_rejection_is_not_ours(world: World, deployment: Deployment, version: ModelVersion) -> None:
    revision = make_revision(world, deployment, version)
    reject(world, revision, kind="training")
    assert revision.state == Revision.State.REQUESTED
