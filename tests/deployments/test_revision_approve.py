"""Four eyes: a revision goes ahead only when fit people other than the requester approved exactly what is stored."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from apps.core.clock import now
from apps.core.errors import DigestChanged, FourEyes
from apps.core.models import AuditEntry, User
from apps.deployments.models import Deployment, Revision, Rollout, Stage
from apps.deployments.services import revision_approve
from apps.registry.models import ModelVersion
from tests.deployments.makers import approve, make_revision
from tests.world import World


@pytest.fixture
def revision(world: World, deployment: Deployment, version: ModelVersion) -> Revision:
    return make_revision(world, deployment, version)


def check(world: World, revision: Revision, digest: str = "", reviewers: list[int] | None = None) -> None:
    """What stands between an approval and its rollout: it raises where the approval does not hold."""
    given = [world.ben.pk] if reviewers is None else reviewers
    revision_approve(revision_id=revision.pk, digest=digest or revision.digest, reviewers=given)


def test_an_approval_begins_the_rollout(world: World, revision: Revision) -> None:
    approve(world, revision)
    assert (revision.state, revision.approved_by) == (Revision.State.STARTING, world.ben)
    assert Rollout.objects.get().to_revision == revision


def test_it_is_written_down_who_approved(world: World, revision: Revision) -> None:
    approve(world, revision)
    entry = AuditEntry.objects.get(action="revision.approved")
    assert (entry.actor, entry.detail["digest"]) == (world.ben, revision.digest)


def test_the_same_approval_told_twice_changes_nothing(world: World, revision: Revision) -> None:
    approve(world, revision)
    approve(world, revision)
    assert Rollout.objects.count() == AuditEntry.objects.filter(action="revision.approved").count() == 1


def test_another_kind_of_approval_is_not_ours(world: World, revision: Revision) -> None:
    approve(world, revision, kind="training")
    assert revision.state == Revision.State.REQUESTED


@pytest.mark.parametrize("among", [[], ["ben"]])
def test_the_requester_cannot_approve(world: World, revision: Revision, among: list[str]) -> None:
    with pytest.raises(FourEyes, match="ada requested digits/1"):
        check(world, revision, reviewers=[world.ada.pk, *(User.objects.get(username=name).pk for name in among)])
    assert not Rollout.objects.exists()


def test_not_even_as_a_superuser(world: World, revision: Revision) -> None:
    User.objects.filter(pk=world.ada.pk).update(is_superuser=True)
    with pytest.raises(FourEyes):
        check(world, revision, reviewers=[world.ada.pk])


def test_nobody_is_not_enough(world: World, revision: Revision) -> None:
    with pytest.raises(FourEyes):
        check(world, revision, reviewers=[])


def test_who_may_not_decide_cannot_approve(world: World, revision: Revision) -> None:
    with pytest.raises(FourEyes):
        check(world, revision, reviewers=[world.cy.pk])


def test_who_has_left_cannot_approve(world: World, revision: Revision) -> None:
    User.objects.filter(pk=world.ben.pk).update(is_active=False)
    with pytest.raises(FourEyes):
        check(world, revision)


def test_who_does_not_exist_cannot_approve(world: World, revision: Revision) -> None:
    with pytest.raises(FourEyes):
        check(world, revision, reviewers=[world.ben.pk, 10**6])


def test_an_approval_of_something_else_is_refused(world: World, revision: Revision) -> None:
    with pytest.raises(DigestChanged):
        check(world, revision, digest="0" * 64)
    assert not Rollout.objects.exists()


@pytest.mark.parametrize("unfit", ["reviewer", "digest"])
def test_an_approval_that_does_not_hold_ends_the_revision_with_the_reason(
    world: World, revision: Revision, unfit: str
) -> None:
    User.objects.filter(pk=world.ben.pk).update(is_active=unfit != "reviewer")
    approve(world, revision, digest="0" * 64 if unfit == "digest" else revision.digest)
    assert revision.state == Revision.State.REJECTED
    assert revision.state_reason.startswith("The approval does not hold: ")
    entry = AuditEntry.objects.get(action="revision.rejected")
    assert (entry.actor, entry.detail["comment"] in revision.state_reason) == (None, True)
    assert not Rollout.objects.exists()


@pytest.mark.parametrize("rate", [0.0, -0.0, 1e-7])
def test_whichever_way_a_number_of_it_is_written_its_approval_holds(
    world: World, deployment: Deployment, version: ModelVersion, rate: float
) -> None:
    revision = make_revision(world, deployment, version, record={"rate": rate})
    approve(world, revision)
    assert revision.state == Revision.State.STARTING


def test_a_specification_changed_behind_the_triggers_back_is_refused(world: World, revision: Revision) -> None:
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate; alter table deployments_revision disable trigger user")
    Revision.objects.filter(pk=revision.pk).update(spec=revision.spec | {"timeout_ms": 500})
    with pytest.raises(DigestChanged):
        check(world, revision)


def test_the_database_refuses_the_requesters_own_approval(world: World, revision: Revision) -> None:
    with pytest.raises(IntegrityError, match="revision_four_eyes"):
        Revision.objects.filter(pk=revision.pk).update(approved_by=world.ada, approved_at=now())


@pytest.mark.parametrize("state", ["approved", "starting", "live", "retiring", "retired"])
def test_the_database_lets_nothing_go_ahead_without_approval(revision: Revision, state: str) -> None:
    with pytest.raises(IntegrityError, match="revision_approved_first"):
        Revision.objects.filter(pk=revision.pk).update(state=state)


@pytest.mark.parametrize(
    "change", [{"spec": {}}, {"digest": "0" * 64}, {"number": 9}, {"requested_by_id": 1}, {"requested_at": now()}]
)
def test_the_database_keeps_a_revision_as_it_was_requested(revision: Revision, change: dict[str, object]) -> None:
    with pytest.raises(DatabaseError, match="immutable"):
        Revision.objects.filter(pk=revision.pk).update(**change)


def test_the_database_keeps_an_approval_as_it_was_given(world: World, revision: Revision) -> None:
    approve(world, revision)
    with pytest.raises(DatabaseError, match="immutable"):
        Revision.objects.filter(pk=revision.pk).update(approved_by=world.cy)


def test_the_database_keeps_stages_and_revisions(revision: Revision) -> None:
    for change in (
        lambda: Stage.objects.update(max_replicas=2),
        lambda: Stage.objects.all().delete(),
        lambda: Revision.objects.filter(pk=revision.pk)._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
            change()
