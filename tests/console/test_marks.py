"""Moments worth a mark on the charts: of every kind, the oldest first, in the time that is shown."""

from datetime import timedelta
from pathlib import Path

import pytest

from apps.console.selectors.marks import marks
from apps.core.clock import now
from apps.deployments.models import Rollout
from apps.inference.models import Feedback
from apps.training.models import RetrainTrigger
from tests.deployments.makers import make_deployment, make_revision, make_version
from tests.drift.finished import finished_run
from tests.inference.records import ago
from tests.monitoring.labels import predicted, true
from tests.registry import artifact
from tests.training_jobs.makers import frozen, requested
from tests.world import World

pytestmark = pytest.mark.django_db


def test_labels_are_marked_when_they_arrived_however_old_their_predictions_are(world: World) -> None:
    deployment, moment = make_deployment(world), now()
    true(world, predicted("7", "3", at=ago(days=2)), "7", "3")
    true(world, predicted("1", at=ago(days=2)), "1")
    early = Feedback.objects.order_by("pk").first()
    Feedback.objects.filter(pk=early.pk).update(given_at=moment - timedelta(minutes=30))  # type: ignore[union-attr]
    true(world, predicted("7", deployment="letters"), "7")
    found = marks(deployment, moment.timestamp() - 3600, moment.timestamp() + 60)
    assert [(mark.kind, mark.text, mark.href) for mark in found] == [
        ("labels", "1 label", "#accuracy"),
        ("labels", "2 labels", "#accuracy"),
    ]


def test_rollouts_are_marked_where_traffic_moved_and_stand_among_the_others_by_time(world: World) -> None:
    deployment, moment = make_deployment(world), now()
    true(world, predicted("7"), "7")
    version = make_version(world)
    for number, minutes in ((1, 90), (2, 10)):
        revision = make_revision(world, deployment, version)
        Rollout.objects.create(
            deployment=deployment,
            to_revision=revision,
            state=Rollout.State.DONE,
            shifted_at=moment - timedelta(minutes=minutes),
            ended_at=moment,
        )
        assert revision.number == number
    found = marks(deployment, moment.timestamp() - 3600, moment.timestamp() + 60)
    assert [(mark.kind, mark.text) for mark in found] == [("rollout", "revision 2"), ("labels", "1 label")]
    assert found[0].href == "#revision-2"


def test_drift_is_marked_when_a_run_found_it_with_what_drifted_and_leads_to_the_run(world: World) -> None:
    deployment, moment = make_deployment(world), now()
    revision = make_revision(world, deployment, make_version(world))
    found = finished_run(deployment, revision, moment - timedelta(minutes=10))
    finished_run(deployment, revision, moment - timedelta(minutes=5), verdict="steady")
    finished_run(deployment, revision, moment - timedelta(minutes=90))
    elsewhere = make_deployment(world, "letters")
    finished_run(elsewhere, make_revision(world, elsewhere, revision.version), moment - timedelta(minutes=1))
    [mark] = marks(deployment, moment.timestamp() - 3600, moment.timestamp() + 60)
    assert (mark.kind, mark.text, mark.href) == ("drift", "image drifted", f"/drift/{found.pk}/")
    assert mark.at == found.finished_at.timestamp()  # type: ignore[union-attr]


def test_retraining_is_marked_when_its_job_was_asked_for_and_leads_to_it(world: World, home: Path) -> None:
    deployment, moment = make_deployment(world), now()
    frozen(world)
    version = artifact.version(world.ada)
    job, by_hand = requested(world, version), requested(world, version, seed=1)
    about = {"deployment": deployment, "kind": "drift", "actor": world.ada, "job": job}
    RetrainTrigger.objects.create(**about, state="failed", code="job_failed", ended_at=now())  # it came to the same job
    RetrainTrigger.objects.create(**about, state="training")
    [mark] = marks(deployment, moment.timestamp() - 3600, moment.timestamp() + 60)
    assert (mark.kind, mark.text, mark.href) == ("retraining", "retraining", f"/training/{job.pk}/")
    assert by_hand.pk != job.pk
