"""From drift to a request for a rollout, a process is killed at every write in turn: it comes to the same end, once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from apps.approvals.models import ApprovalRequest
from apps.core.clock import now
from apps.core.models import AuditEntry, OutboxEvent
from apps.datasets.models import DatasetVersion
from apps.deployments.models import Revision
from apps.training.models import Evaluation, RetrainTrigger, TrainingJob
from apps.training.services import retraining_begin, retraining_watch
from tests.retraining.loop import LEAST, Loop
from tests.training_jobs.makers import running
from tests.workers.cutting import Cuts, Killed
from workers.relay import relay_run

pytestmark = pytest.mark.django_db
Walk = Callable[..., dict[str, Any]]
_PATIENCE = 12
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


class Course:
    """What the control worker, the relay, the analysis worker and a node's host do; each of them may be killed."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self._before = AuditEntry.objects.count()

    def run(self) -> dict[str, Any]:
        self._until(relay_run, RetrainTrigger.objects.exists)
        self._until(retraining_begin, TrainingJob.objects.exists)
        self._until(self._host, TrainingJob.objects.filter(state="done").exists)
        self._until(self._control, RetrainTrigger.objects.filter(state="requested").exists)
        self._until(relay_run, ApprovalRequest.objects.exists)
        self._until(relay_run, lambda: not OutboxEvent.objects.filter(done_at=None).exists())
        return self._facts()

    def _until(self, act: Callable[[], object], held: Callable[[], bool]) -> None:
        for _ in range(_PATIENCE):
            if held():
                return
            try:
                act()
            except Killed:
                # Its leases run out, and another takes its place.
                OutboxEvent.objects.filter(done_at=None).update(due_at=now())
                RetrainTrigger.objects.update(looking_until=None)
        raise AssertionError(f"{act} came to nothing: {list(RetrainTrigger.objects.values('state', 'reason'))}")

    def _control(self) -> None:
        relay_run()
        retraining_watch()

    def _host(self) -> None:
        """Trained once, and registered and measured as often as it is killed over that."""
        job = TrainingJob.objects.get()
        self.loop.finish(job, job.lease or running(job))

    def _facts(self) -> dict[str, Any]:
        entries = AuditEntry.objects.order_by("sequence")[self._before :]
        counted = ["training.job_ended", "training.candidate_passed", "training.retraining_ended"]
        events = OutboxEvent.objects.filter(name__in=[*counted, "deployments.rollout_requested"])
        return {
            "trail": [each.action for each in entries if not each.action.startswith(_BESIDES)],
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
    """Goes the whole way and takes back what it wrote, so that the next begins where this one began."""
    loop.policy()
    loop.label(2 * LEAST)
    loop.tell()
    OutboxEvent.objects.all().delete()

    def walked(cuts: Cuts, times: int = 1) -> dict[str, Any]:
        with pytest.MonkeyPatch.context() as patch, transaction.atomic():
            loop.drift("text")
            course = Course(loop)
            cuts.around(patch, times)
            found = course.run()
            call_command("audit_verify", verbosity=0)
            transaction.set_rollback(True)
        return found

    return walked


def test_nobody_is_killed_and_each_step_is_taken_once(walk: Walk) -> None:
    assert walk(Cuts()) == {
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
    counting = Cuts()
    expected = walk(counting)
    assert counting.met > 2 * len(TRAIL), "every entry of the trail is one place, and there are events and listeners"
    for at in range(1, counting.met + 1):
        cuts = Cuts(at)
        assert walk(cuts) == expected, f"killed at place {at} of {counting.met}"
        assert not cuts.armed, f"place {at} was not reached"


def test_every_event_told_twice_is_acted_on_once(walk: Walk) -> None:
    expected = walk(Cuts())
    assert walk(Cuts(), 2) == expected
