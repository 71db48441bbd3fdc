"""Requesting a revision."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from apps.core.errors import Forbidden
from apps.core.models import AuditEntry, OutboxEvent
from apps.deployments.errors import BadSpec, VersionUnfit
from apps.deployments.models import Deployment, Revision
from apps.deployments.services import revision_request
from apps.registry.models import ModelVersion
from apps.registry.services import version_mark_corrupt
from tests.deployments.makers import MANIFEST, make_deployment, make_revision, make_version
from tests.world import World

APART = [
    {"name": "before", "steps": ["preprocess"], "device": "cpu", "replicas": 2},
    {"name": "model", "steps": ["infer", "postprocess"], "device": "cuda", "batch_max": 8},
]


def test_it_waits_for_approval(world: World, deployment: Deployment, version: ModelVersion) -> None:
    assert make_revision(world, deployment, version).state == Revision.State.REQUESTED


def test_numbers_count_up(world: World, deployment: Deployment, version: ModelVersion) -> None:
    assert [make_revision(world, deployment, version).number for _ in range(3)] == [1, 2, 3]


def test_reviewers_are_asked_about_exactly_this_digest(
    world: World, deployment: Deployment, version: ModelVersion
) -> None:
    revision = make_revision(world, deployment, version, note="first try")
    asked = OutboxEvent.objects.get(name="deployments.rollout_requested").payload
    assert (asked["revision_id"], asked["digest"]) == (revision.pk, revision.digest)
    assert asked["requested_by"] == world.ada.pk
    assert asked["summary"] == "Put digits-av/1 live behind digits (revision 1)"
    assert asked["evidence"]["Note"] == "first try"


def test_it_is_written_down_who_asked(world: World, deployment: Deployment, version: ModelVersion) -> None:
    make_revision(world, deployment, version)
    assert AuditEntry.objects.get(action="revision.requested").actor == world.ada


def test_the_digest_tells_specifications_apart(world: World, deployment: Deployment, version: ModelVersion) -> None:
    first = make_revision(world, deployment, version, replicas=1)
    again = make_revision(world, deployment, version, replicas=1)
    other = make_revision(world, deployment, version, replicas=2)
    assert first.digest == again.digest != other.digest


def test_by_default_one_stage_holds_every_step(world: World, deployment: Deployment, version: ModelVersion) -> None:
    [stage] = make_revision(world, deployment, version, replicas=3, batch_max=4).stages.all()
    assert (stage.name, stage.steps) == ("all", ["preprocess", "infer", "postprocess"])
    assert (stage.min_replicas, stage.max_replicas, stage.batch_max, stage.device) == (3, 3, 4, "auto")


def fitting(most: int) -> dict[str, Any]:
    """A manifest whose `infer` is for batches of at most so many samples."""
    return MANIFEST | {
        "stages": [s | ({"batch_max": most} if s["name"] == "infer" else {}) for s in MANIFEST["stages"]]
    }


def test_a_batch_is_as_large_as_the_version_that_serves_the_stage_says(world: World, deployment: Deployment) -> None:
    version = make_version(world, 1, manifest=fitting(4))
    make_version(world, 2, manifest=fitting(7))
    [stage] = make_revision(world, deployment, version).stages.all()
    of_two = {"name": "model", "steps": ["infer", "postprocess"], "version": 2}
    _, other = make_revision(world, deployment, version, stages=[APART[0], of_two]).stages.order_by("position")
    assert (stage.batch_max, other.batch_max) == (4, 7)


def test_the_pipeline_can_be_taken_apart(world: World, deployment: Deployment, version: ModelVersion) -> None:
    before, model = make_revision(world, deployment, version, stages=APART).stages.order_by("position")
    assert (before.steps, before.min_replicas, before.device) == (["preprocess"], 2, "cpu")
    assert (model.steps, model.batch_max, model.device) == (["infer", "postprocess"], 8, "cuda")


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ({"replicas": 0}, "replicas is 0"),
        ({"replicas": 65}, "replicas is 65"),
        ({"replicas": True}, "replicas is True"),
        ({"batch_max": 0}, "batch_max is 0"),
        ({"device": "tpu"}, "device is 'tpu'"),
        ({"timeout_ms": 1}, "timeout_ms is 1"),
        ({"max_in_flight": 0}, "max_in_flight is 0"),
        ({"note": "x" * 2001}, "2001 characters"),
        ({"stages": []}, "must hold the steps"),
        ({"stages": APART[:1]}, "must hold the steps preprocess, infer, postprocess, each once"),
        ({"stages": [*APART, APART[0]]}, "same name"),
        ({"min_replicas": 3, "max_replicas": 2}, "min_replicas 3, which is more than its max_replicas 2"),
        ({"replicas": 1, "max_replicas": 2}, "use either replicas or"),
        ({"max_replicas": 0}, "max_replicas is 0"),
        ({"scale": {"up": 1}}, "not up"),
        ({"scale": {"up_s": -1}}, "scale.up_s is -1"),
        ({"strategy": "by_lot"}, "strategy is 'by_lot'"),
        ({"keep_s": -1}, "keep_s is -1"),
        ({"missing_inputs": "guess"}, "missing_inputs is 'guess'"),
        ({"record": {"rate": 1.5}}, "record.rate is 1.5"),
        ({"record": {"below_confidence": True}}, "record.below_confidence is True"),
        ({"record": {"on_error": "yes"}}, "record.on_error is 'yes'"),
        ({"record": {"keep_days": 0}}, "record.keep_days is 0"),
        ({"record": {"share": 1}}, "not share"),
        ({"stages": [APART[0], {**APART[1], "name": "before"}]}, "same name"),
        ({"stages": [{**APART[0], "name": "A"}, APART[1]]}, "cannot name a stage"),
        ({"stages": [{**APART[0], "gpu": 1}, APART[1]]}, "not gpu"),
        ({"stages": [{"name": "x"}]}, "needs a name and steps"),
    ],
)
def test_what_makes_no_sense_is_refused(
    world: World, deployment: Deployment, version: ModelVersion, spec: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BadSpec, match=complaint):
        make_revision(world, deployment, version, **spec)
    assert not Revision.objects.exists()


def test_a_corrupt_version_is_refused(world: World, deployment: Deployment, version: ModelVersion) -> None:
    version_mark_corrupt(version_id=version.pk, path="w", reason="w is not what it was")
    version.refresh_from_db()
    with pytest.raises(VersionUnfit, match="w is not what it was"):
        make_revision(world, deployment, version)


def test_who_may_not_operate_is_refused(world: World, deployment: Deployment, version: ModelVersion) -> None:
    with pytest.raises(Forbidden):
        revision_request(actor=world.ben, deployment=deployment, version=version)


@pytest.mark.django_db(transaction=True)
def test_requests_at_once_get_numbers_of_their_own() -> None:
    world = World.create()
    deployment, version = make_deployment(world), make_version(world)

    def request(_: int) -> int:
        try:
            return make_revision(world, deployment, version).number
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(request, range(16))) == list(range(1, 17))
