"""From drift to a request for a rollout, a process is killed at every write in turn: it comes to the same end, once."""

import pytest

from apps.approvals.models import ApprovalRequest
from apps.core.models import OutboxEvent
from apps.datasets.models import DatasetVersion
from apps.deployments.models import Revision
from apps.training.models import Evaluation, RetrainTrigger, TrainingJob
from apps.training.services import retraining_begin, retraining_watch
from tests.retraining.loop import LEAST, Loop
from tests.training_jobs.makers import running
from tests.workers.cutting import Course, Cuts, Facts, Walk, same_end_told_twice, same_end_wherever_killed
from workers.relay import relay_run

pytestmark = pytest.mark.django_db
#: Drift is an alert of its own, and an upload that nobody finished is taken away after a while.
_BESIDES = ("alert.", "upload.")
TRAIL = [
    "retraining.triggered",
    "dataset.frozen",
    "dataset.frozen",
    "training.requested",
    "version.register",
    "evaluation.passed",
    "training.done",
    "revision.requested",
    "retraining.ended",
    "approval.requested",
]


class Retrained(Course):
    """What the control worker, the relay, the analysis worker and a node's host do; each of them may be killed."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        loop.policy()
        loop.label(2 * LEAST)
        loop.tell()
        OutboxEvent.objects.all().delete()

    def ready(self, patch: pytest.MonkeyPatch) -> None:
        self.loop.drift("text")

    def course(self) -> None:
        self.until(relay_run, RetrainTrigger.objects.exists)
        self.until(retraining_begin, TrainingJob.objects.exists)
        self.until(self._host, TrainingJob.objects.filter(state="done").exists)
        self.until(self._control, RetrainTrigger.objects.filter(state="requested").exists)
        self.until(relay_run, ApprovalRequest.objects.exists)
        self.until_all_is_told(relay_run)

    def leases_end(self) -> None:
        super().leases_end()
        RetrainTrigger.objects.update(looking_until=None)

    def standing(self) -> str:
        return str(list(RetrainTrigger.objects.values("state", "reason")))

    def _control(self) -> None:
        relay_run()
        retraining_watch()

    def _host(self) -> None:
        """Trained once, and registered and measured as often as it is killed over that."""
        job = TrainingJob.objects.get()
        self.loop.finish(job, job.lease or running(job))

    def facts(self) -> Facts:
        counted = ["training.job_ended", "training.candidate_passed", "training.retraining_ended"]
        events = OutboxEvent.objects.filter(name__in=[*counted, "deployments.rollout_requested"])
        return {
            "trail": [each for each in self.trail("") if not each.startswith(_BESIDES)],
            "events": sorted(events.values_list("name", flat=True)),
            "triggers": list(RetrainTrigger.objects.values_list("state", flat=True)),
            "jobs": list(TrainingJob.objects.values_list("state", flat=True)),
            "versions": list(self.loop.version.model.versions.order_by("number").values_list("number", flat=True)),
            "frozen": sorted(DatasetVersion.objects.values_list("dataset__name", "number")),
            "evaluations": Evaluation.objects.count(),
            "revisions": list(Revision.objects.order_by("number").values_list("state", flat=True)),
            "requests": list(ApprovalRequest.objects.values_list("state", flat=True)),
        }


@pytest.fixture
def walk(loop: Loop) -> Walk:
    return Retrained(loop).walk


def test_nobody_is_killed_and_each_step_is_taken_once(walk: Walk) -> None:
    assert walk(Cuts(), 1) == {
        "trail": TRAIL,
        "events": [
            "deployments.rollout_requested",
            "training.candidate_passed",
            "training.job_ended",
            "training.retraining_ended",
        ],
        "triggers": ["requested"],
        "jobs": ["done"],
        "versions": [1, 2],
        "frozen": [("base", 1), ("echoes-held-out", 1), ("echoes-learned", 1), ("tests", 1)],
        "evaluations": 1,
        "revisions": ["live", "requested"],
        "requests": ["open"],
    }


def test_killed_at_any_write_or_word_it_comes_to_the_same_end(walk: Walk) -> None:
    same_end_wherever_killed(walk, least=2 * len(TRAIL))


def test_every_event_told_twice_is_acted_on_once(walk: Walk) -> None:
    same_end_told_twice(walk)
