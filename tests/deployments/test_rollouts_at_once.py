"""Two rollouts of one deployment at once: one is on its way, the other waits or is passed over, and each says so."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import IntegrityError, connections, transaction

from apps.core.models import AuditEntry
from apps.deployments.models import Deployment, Revision, Rollout
from apps.deployments.services import reconcile
from apps.registry.models import ModelVersion
from tests.deployments.makers import Fleet, approve, make_deployment, make_revision, make_version
from tests.world import World


def at_once(*acts: Callable[[], object]) -> None:
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=30)
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        list(pool.map(run, acts))


@pytest.mark.django_db(transaction=True)
def test_two_approvals_told_at_once_begin_the_newer_one_and_the_older_says_why_not() -> None:
    world = World.create()
    deployment, version, fleet = make_deployment(world), make_version(world), Fleet()
    older, newer = (make_revision(world, deployment, version) for _ in range(2))
    at_once(lambda: approve(world, older), lambda: approve(world, newer))
    fleet.reconcile()
    older.refresh_from_db()
    newer.refresh_from_db()
    assert (older.state, older.state_reason) == ("superseded", "Revision 2 went ahead.")
    assert newer.state == "starting"
    assert Rollout.objects.filter(state__in=Rollout.OPEN_STATES).get().to_revision == newer


@pytest.mark.django_db(transaction=True)
def test_two_control_workers_take_each_step_once() -> None:
    world = World.create()
    deployment, fleet = make_deployment(world), Fleet()
    revision = make_revision(world, deployment, make_version(world))
    approve(world, revision)
    fleet.reconcile()
    fleet.start_all()
    at_once(*[lambda: reconcile(evidence=None)] * 4)
    assert AuditEntry.objects.filter(action="rollout.shifted").count() == 1
    assert Rollout.objects.get().state == "shifting"


def test_the_database_keeps_a_second_open_rollout_out(
    world: World, deployment: Deployment, version: ModelVersion
) -> None:
    first, second = (make_revision(world, deployment, version) for _ in range(2))
    Rollout.objects.create(deployment=deployment, to_revision=first)
    with pytest.raises(IntegrityError, match="rollout_open_once"), transaction.atomic():
        Rollout.objects.create(deployment=deployment, to_revision=second)


def test_one_that_finds_no_room_says_why_and_gives_way_to_the_next(
    world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet
) -> None:
    fleet.go_live(world, deployment, make_revision(world, deployment, version))
    stuck = make_revision(world, deployment, make_version(world, 2), replicas=64)
    approve(world, stuck)
    fleet.beat()
    fleet.bring_up()
    stuck.refresh_from_db()
    deployment.refresh_from_db()
    assert (stuck.state, stuck.state_reason != "", deployment.live_revision_id != stuck.pk) == ("starting", True, True)
    approve(world, make_revision(world, deployment, make_version(world, 3)))
    stuck.refresh_from_db()
    assert (stuck.state, stuck.state_reason) == ("superseded", "Revision 3 went ahead.")
    assert Revision.objects.get(number=3).state == "starting"
