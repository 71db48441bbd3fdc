"""What stands against a retraining ends its trigger in words: rights, the parent, the samples, the gates, the world."""

from uuid import UUID

import pytest
from django.contrib.auth.models import Group

from apps.core.errors import Forbidden
from apps.core.models import User
from apps.datasets.selectors import version_samples
from apps.deployments.models import Deployment, Revision
from apps.inference.services import subject_erase
from apps.registry.services import version_mark_corrupt
from apps.training.errors import BadRetrainPolicy
from apps.training.models import Evaluation, RetrainTrigger, TrainingJob
from apps.training.services import job_fail, retrain_now, trigger_begin
from tests.deployments.makers import make_revision
from tests.registry import artifact
from tests.retraining.loop import LEAST, Loop
from tests.training_jobs.makers import running

pytestmark = pytest.mark.django_db


def begun(loop: Loop) -> RetrainTrigger:
    """By hand, with labels enough, as far as it comes."""
    loop.label()
    retrain_now(actor=loop.world.ada, deployment=loop.deployment)
    return loop.begin()


def ended(loop: Loop, trigger: RetrainTrigger) -> RetrainTrigger:
    loop.tell()
    trigger.refresh_from_db()
    return trigger


def test_a_right_that_was_lost_meanwhile_is_named(loop: Loop) -> None:
    loop.policy()
    loop.drift("text")
    loop.tell()
    loop.label()
    loop.world.ada.groups.remove(Group.objects.get(name="publisher"))
    trigger = loop.begin()
    assert (trigger.state, trigger.code) == ("refused", "forbidden")
    assert trigger.reason == (
        "ada may not start and cancel training jobs: the permission 'training.run_trainingjob' is missing."
    )
    assert not TrainingJob.objects.exists()


def test_a_right_that_was_lost_before_the_rollout_is_named(loop: Loop) -> None:
    loop.policy()
    trigger = begun(loop)
    loop.end(TrainingJob.objects.get())
    loop.world.ada.groups.remove(Group.objects.get(name="operator"))
    trigger = ended(loop, trigger)
    assert (trigger.state, trigger.code) == ("refused", "forbidden")
    assert "deployments.operate_deployment" in trigger.reason
    assert trigger.evaluation == Evaluation.objects.get()
    assert Revision.objects.count() == 1


def test_who_lacks_a_right_that_the_policy_uses_cannot_set_it(loop: Loop) -> None:
    loop.world.ada.groups.remove(Group.objects.get(name="operator"))
    loop.world.ada = User.objects.get(pk=loop.world.ada.pk)  # as the next request finds her
    with pytest.raises(Forbidden, match="request revisions"):
        loop.policy()


def test_with_nothing_live_there_is_nothing_to_begin_with(loop: Loop) -> None:
    loop.policy()
    Deployment.objects.update(live_revision=None)
    trigger = begun(loop)
    assert (trigger.state, trigger.code) == ("refused", "nothing_live")


def test_a_corrupt_parent_is_told_before_the_job(loop: Loop) -> None:
    loop.policy()
    version_mark_corrupt(version_id=loop.version.pk, path="weights/model.safetensors", reason="It is gone.")
    trigger = begun(loop)
    assert (trigger.state, trigger.code) == ("refused", "parent_unusable")


@pytest.mark.parametrize(
    ("code", "reason"),
    [("artifact_corrupt", "weights/model.safetensors is gone."), ("asset_missing", "A file of base/1 is gone.")],
)
def test_a_job_that_finds_its_files_gone_ends_the_trigger_with_its_reason(loop: Loop, code: str, reason: str) -> None:
    loop.policy()
    trigger = begun(loop)
    job = TrainingJob.objects.get()
    job_fail(job_id=job.pk, lease=running(job), code=code, reason=reason)
    trigger = ended(loop, trigger)
    assert (trigger.state, trigger.code) == ("failed", code)
    assert trigger.reason == f"The training job is failed: {reason}"


def test_no_label_at_all_is_not_enough_even_of_one(loop: Loop) -> None:
    loop.policy(least_labels=1)
    retrain_now(actor=loop.world.ada, deployment=loop.deployment)
    assert loop.begin().reason == "Not enough labels: 0 of the 1 newly labelled samples that it needs."


def test_what_all_fell_on_one_side_waits_for_the_next_label(loop: Loop) -> None:
    loop.policy(least_labels=1)
    loop.label(1)
    retrain_now(actor=loop.world.ada, deployment=loop.deployment)
    trigger = loop.begin()
    assert (trigger.state, trigger.code) == ("pending", "not_enough_labels")
    assert trigger.reason.startswith("Not enough labels: none of what was met is left")
    loop.label(LEAST)
    assert loop.begin().state == "training"


def test_what_is_measured_with_is_never_trained_on(loop: Loop) -> None:
    loop.policy()
    begun(loop)
    job = TrainingJob.objects.get()
    assert job.measured_on is not None
    learned, measured = ({each.key for each in version_samples(one)} for one in (job.dataset, job.measured_on))
    assert not learned & measured
    assert len(learned) + len(measured) == 6 + 40 + LEAST


def test_the_same_set_to_learn_from_and_to_measure_with_is_refused(loop: Loop) -> None:
    with pytest.raises(BadRetrainPolicy, match="measure with what is not trained on"):
        loop.policy(measured_on=[loop.base])


def test_a_candidate_that_its_gates_refuse_is_told_with_numbers_and_asks_for_nothing(loop: Loop) -> None:
    loop.policy()
    trigger = begun(loop)
    loop.end(TrainingJob.objects.get(), wrong=10)
    trigger = ended(loop, trigger)
    assert (trigger.state, trigger.code) == ("refused", "gate_refused")
    assert "the champion on 100.0%" in trigger.reason and "(0 won, 10 lost, McNemar p" in trigger.reason
    assert Revision.objects.count() == 1


def test_a_candidate_measured_beside_what_is_live_no_more_is_not_asked_for(loop: Loop) -> None:
    loop.policy()
    trigger = begun(loop)
    loop.end(TrainingJob.objects.get())
    other = artifact.version(loop.world.ada, weights=(7.0, 8.0))
    loop.go_live(make_revision(loop.world, loop.deployment, other))
    trigger = ended(loop, trigger)
    assert (trigger.state, trigger.code) == ("refused", "champion_changed")
    assert trigger.reason == "echo/2 was measured beside echo/1, and echo/3 is live by now."


def test_the_same_result_again_goes_by_the_evaluation_that_is_there(loop: Loop) -> None:
    """An evaluation is written once, so nobody would tell of the second."""
    loop.policy(cooldown_s=0)
    first = begun(loop)
    loop.end(TrainingJob.objects.get())
    ended(loop, first)
    RetrainTrigger.objects.filter(pk=first.pk).update(learned_until=None)  # so that the same labels are new again
    retrain_now(actor=loop.world.ada, deployment=loop.deployment)
    again = loop.begin()
    assert again.job_id not in (None, first.job_id)
    loop.end(TrainingJob.objects.get(pk=again.job_id))
    again = ended(loop, again)
    assert (again.state, again.evaluation) == ("requested", first.evaluation)
    assert Evaluation.objects.count() == 1


def test_a_trigger_that_was_begun_is_begun_by_nobody_else(loop: Loop) -> None:
    loop.policy()
    trigger = begun(loop)
    assert not trigger_begin(trigger_id=trigger.pk)
    assert TrainingJob.objects.count() == 1


def test_a_deleted_subject_is_in_nothing_that_is_learned_from_later(loop: Loop) -> None:
    loop.policy()
    known: set[UUID] = set(loop.label(LEAST, subject="somebody"))
    loop.label()
    loop.world.ada.is_superuser = True
    subject_erase(actor=loop.world.ada, subject="somebody")
    retrain_now(actor=loop.world.ada, deployment=loop.deployment)
    assert loop.begin().state == "training"
    job = TrainingJob.objects.get()
    met = {
        each for version in (job.dataset, job.measured_on) for row in version.samples.all() for each in row.predictions
    }
    assert met and not met & known


def test_a_base_that_lost_samples_to_a_deletion_is_learned_from_without_them(loop: Loop) -> None:
    loop.policy()
    loop.base.samples.filter(position=0).update(erased=True, label="")
    assert begun(loop).state == "training"
    job = TrainingJob.objects.get()
    assert job.dataset.samples_count + job.measured_on.samples_count == 5 + 40 + LEAST
