"""A stage that the next revision has unchanged goes on in the same processes."""

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from apps.core.errors import NotFound
from apps.deployments.errors import BadSpec, VersionUnfit
from apps.deployments.models import Deployment, Replica, Revision, Stage
from apps.deployments.rules.spec import digest
from apps.deployments.selectors import replica_spec, routing_deployments, streams_in_use
from apps.registry.models import ModelVersion
from apps.registry.services import version_mark_corrupt
from tests.deployments.graphs import group
from tests.deployments.makers import MANIFEST, Fleet, approve, make_revision, make_version, settle, states
from tests.world import World


def apart(**versions: int) -> list[dict[str, Any]]:
    """The pipeline in three stages, some of another version."""
    return [
        group(name, name, **({"version": versions[name]} if name in versions else {}))
        for name in ("preprocess", "infer", "postprocess")
    ]


@pytest.fixture
def first(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Revision:
    """Version 1 in three stages, live."""
    revision = make_revision(world, deployment, version, stages=apart())
    fleet.go_live(world, deployment, revision)
    return revision


@pytest.fixture
def second(world: World, deployment: Deployment, version: ModelVersion, first: Revision, fleet: Fleet) -> Revision:
    """The postprocess of version 2 behind the rest of version 1, live."""
    make_version(world, 2)
    revision = make_revision(world, deployment, version, stages=apart(postprocess=2))
    approve(world, revision)
    fleet.finish(deployment)
    revision.refresh_from_db()
    return revision


def running(name: str) -> list[tuple[Any, ...]]:
    """Replicas of the stages called so that run, with their processes."""
    found = Replica.objects.filter(stage__name=name, state="ready").order_by("pk")
    return list(found.values_list("pk", "pid", "started_at", "stage__revision__number"))


def test_a_new_postprocess_leaves_the_processes_of_infer_alone(
    world: World, deployment: Deployment, version: ModelVersion, first: Revision, fleet: Fleet
) -> None:
    before = running("infer"), running("preprocess")
    make_version(world, 2)
    second = make_revision(world, deployment, version, stages=apart(postprocess=2))
    approve(world, second)
    fleet.finish(deployment)
    second.refresh_from_db()
    assert second.state == Revision.State.LIVE
    assert (running("infer"), running("preprocess")) == before
    assert [row[3] for row in running("postprocess")] == [2]


def test_only_what_is_new_is_started(second: Revision) -> None:
    assert Replica.objects.count() == 4


def test_requests_go_through_the_streams_of_both(second: Revision) -> None:
    [split] = routing_deployments()["digits"]["splits"]
    assert [hop["stream"] for hop in split["path"]] == [
        "quartet:stage:digits:1:preprocess",
        "quartet:stage:digits:1:infer",
        "quartet:stage:digits:2:postprocess",
    ]
    assert {hop["stream"] for hop in split["path"]} == streams_in_use()


def test_a_third_revision_is_served_by_the_same_as_the_second(
    world: World, deployment: Deployment, version: ModelVersion, first: Revision, second: Revision, fleet: Fleet
) -> None:
    before = running("infer")
    make_version(world, 3)
    third = make_revision(world, deployment, version, stages=apart(postprocess=3))
    approve(world, third)
    fleet.finish(deployment)
    assert third.stages.get(name="infer").carrier == first.stages.get(name="infer")
    assert running("infer") == before


def test_a_shared_replica_that_ends_is_replaced_for_the_revision_that_uses_it(
    world: World, second: Revision, fleet: Fleet
) -> None:
    fleet.fail(Replica.objects.get(stage__name="infer", state="ready"))
    assert routing_deployments()["digits"]["ready"] is False
    fleet.reconcile()
    fleet.start_all()
    assert routing_deployments()["digits"]["ready"] is True


def test_the_newest_revision_says_how_many_there_should_be(
    world: World, deployment: Deployment, version: ModelVersion, first: Revision, fleet: Fleet
) -> None:
    before = running("infer")
    groups = apart()
    groups[1]["replicas"] = 3
    approve(world, make_revision(world, deployment, version, stages=groups))
    fleet.finish(deployment)
    assert running("infer")[:1] == before
    assert len(running("infer")) == 3


def test_requests_of_the_old_path_that_are_still_in_a_shared_stage_are_waited_for(
    world: World, deployment: Deployment, version: ModelVersion, first: Revision, fleet: Fleet
) -> None:
    """Its own stream is empty, but what waits in front of infer may yet be handed to it."""
    make_version(world, 2)
    approve(world, make_revision(world, deployment, version, stages=apart(postprocess=2)))
    fleet.bring_up()
    fleet.reconcile(fleet.moved(deployment))
    settle(deployment, 29)
    fleet.reconcile(fleet.moved(deployment))
    assert states(first) == ["ready", "ready", "ready"]
    settle(deployment, 3)
    fleet.reconcile(fleet.moved(deployment))
    assert sorted(states(first)) == ["draining", "ready", "ready"]


@pytest.mark.parametrize("change", [{"batch_max": 4}, {"device": "cpu"}, {"batch_bytes": 1024**2}])
def test_what_is_served_otherwise_is_not_shared(
    world: World, deployment: Deployment, version: ModelVersion, first: Revision, change: dict[str, Any]
) -> None:
    groups = [each | change for each in apart()]
    other = make_revision(world, deployment, version, stages=groups)
    approve(world, other)
    assert [stage.carrier for stage in other.stages.all()] == [None, None, None]


def test_a_failed_replica_of_its_own_fails_the_rollout_and_not_what_is_shared(
    world: World, deployment: Deployment, version: ModelVersion, first: Revision, fleet: Fleet
) -> None:
    before = running("infer")
    make_version(world, 2)
    second = make_revision(world, deployment, version, stages=apart(postprocess=2))
    approve(world, second)
    for _ in range(3):
        fleet.reconcile()
        for replica in Replica.objects.filter(stage__revision=second, state="pending"):
            fleet.fail(replica)
        Replica.objects.filter(state="failed").update(ended_at="2020-01-01T00:00:00Z")
    fleet.reconcile()
    second.refresh_from_db()
    assert (second.state, running("infer")) == ("failed", before)


def test_each_replica_runs_the_files_of_its_stages_version(second: Revision) -> None:
    versions = dict(second.stages.values_list("name", "version__number"))
    assert versions == {"preprocess": 1, "infer": 1, "postprocess": 2}
    replica = Replica.objects.get(stage__revision=second)
    assert replica_spec(replica.pk)["directory"] == str(ModelVersion.objects.get(number=2).directory)


def test_the_digest_covers_every_version(second: Revision) -> None:
    one, two = second.version.digest, ModelVersion.objects.get(number=2).digest
    assert second.digest == digest(one, second.spec, [two]) == digest(one, second.spec, [one, two])
    assert second.digest not in (digest(one, second.spec), digest(one, second.spec, ["0" * 64]))


def test_a_version_with_other_stages_is_refused(world: World, deployment: Deployment, version: ModelVersion) -> None:
    stages = [dict(stage) for stage in MANIFEST["stages"]]
    stages[1]["hook"] = "preprocess"
    make_version(world, 2, manifest=MANIFEST | {"stages": stages})
    with pytest.raises(BadSpec, match="has other stages than version 1"):
        make_revision(world, deployment, version, stages=apart(postprocess=2))


def test_a_version_with_other_inputs_is_refused(world: World, deployment: Deployment, version: ModelVersion) -> None:
    make_version(world, 2, manifest=MANIFEST | {"inputs": []})
    with pytest.raises(BadSpec, match="takes other inputs than version 1"):
        make_revision(world, deployment, version, stages=apart(postprocess=2))


def test_a_version_that_is_not_there_is_refused(world: World, deployment: Deployment, version: ModelVersion) -> None:
    with pytest.raises(NotFound, match="no version '2'"):
        make_revision(world, deployment, version, stages=apart(postprocess=2))


def test_a_stage_of_a_corrupt_version_is_refused(world: World, deployment: Deployment, version: ModelVersion) -> None:
    version_mark_corrupt(version_id=make_version(world, 2).pk, path="w", reason="w changed")
    with pytest.raises(VersionUnfit, match="w changed"):
        make_revision(world, deployment, version, stages=apart(postprocess=2))


def test_the_database_lets_a_stage_be_told_its_carrier_once(second: Revision, first: Revision) -> None:
    with pytest.raises(DatabaseError, match="immutable"), transaction.atomic():
        Stage.objects.filter(revision=second, name="infer").update(carrier=None)
