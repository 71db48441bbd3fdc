"""A deployment that is live, what it was asked and what was true of it, and jobs that a test ends by hand."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.core import outbox
from apps.core.clock import now
from apps.core.ids import new_id
from apps.datasets.models import DatasetVersion
from apps.datasets.selectors import version_samples
from apps.datasets.services import Content, version_freeze
from apps.deployments.models import Deployment, Revision
from apps.drift.events import DriftFound
from apps.drift.models import DriftRun
from apps.inference.rules.ids import moment
from apps.inference.services import Given, Kept, feedback_give, kept_add, predictions_add
from apps.registry.models import ModelVersion
from apps.training.models import RetrainPolicy, RetrainTrigger, TrainingJob
from apps.training.services import job_finish, retrain_policy_set, retraining_begin
from apps.training.services.evaluations import Answers
from tests.datasets.samples import sample
from tests.deployments.makers import make_deployment, make_revision
from tests.drift.finished import finished_run
from tests.inference.records import made_at, record
from tests.registry import artifact
from tests.training_jobs.makers import running
from tests.world import World
from workers.relay import relay_run

LEAST = 12


class Loop:
    """`echoes` serves echo/1; Ada owns it all, and Ben reviews."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.version: ModelVersion = artifact.version(world.ada)
        self.deployment: Deployment = make_deployment(world, "echoes")
        self.revision: Revision = make_revision(world, self.deployment, self.version, timeout_ms=7000, max_in_flight=9)
        self.go_live(self.revision)
        self.base = self.frozen("base", 6)
        self.tests = self.frozen("tests", 40)
        self._asked = self._kept = 0

    def frozen(self, name: str, count: int) -> DatasetVersion:
        samples = [sample(f"{name} {number}", str(number % 2), "old") for number in range(count)]
        return version_freeze(actor=self.world.ada, name=name, samples=samples)[0]

    def go_live(self, revision: Revision) -> None:
        """As if it had been approved and started an hour ago, in place of what was live."""
        Revision.objects.filter(deployment=self.deployment, state="live").update(state="retired")
        fields = {"state": "live", "approved_by": self.world.ben, "approved_at": now()}
        Revision.objects.filter(pk=revision.pk).update(live_at=now() - timedelta(hours=1), **fields)
        Deployment.objects.filter(pk=self.deployment.pk).update(live_revision=revision)
        self.deployment.refresh_from_db()
        revision.refresh_from_db()

    def policy(self, **given: Any) -> RetrainPolicy:
        """Twelve labels are enough, and half of what is met is measured with, unless a test says otherwise."""
        usual = {"base": [self.base], "measured_on": [self.tests], "least_labels": LEAST, "held_out": 0.5}
        return retrain_policy_set(actor=self.world.ada, deployment=self.deployment, **(usual | given))

    def label(
        self, count: int = LEAST, *, right: bool = True, kept: bool = True, ago: float = 1, subject: str = ""
    ) -> list[UUID]:
        """So many predictions of different texts that were made so many seconds ago, with their truths."""
        rows = []
        for _ in range(count):
            self._asked += 1
            prediction = made_at(now() - timedelta(seconds=ago))
            truth = str(self._asked % 2)
            answer = truth if right else "9"
            about = {"deployment": "echoes", "inputs": ["text"], "missing": [], "labels": [answer], "subject": subject}
            predictions_add(records=[record(prediction, **about)])
            if kept:
                self.keep(prediction, subject)
            rows.append(Given(prediction, truth))
        feedback_give(actor=self.world.ada, allowed=[], rows=rows)
        return [each.prediction for each in rows]

    def keep(self, prediction: UUID, subject: str = "") -> None:
        """Its input is recorded: another text each time."""
        self._kept += 1
        at = moment(prediction)
        assert at is not None
        content = Content(f"asked {self._kept}".encode(), "text/plain; charset=utf-8")
        kept_add(kept=[Kept(prediction, at, "echoes", subject, "text", 0, content)])

    def drift(self, *groups: str) -> tuple[DriftRun, UUID]:
        """A run that found these groups drifted over the last hour, and the event that says so, which waits."""
        run = finished_run(self.deployment, self.revision)
        drifted = list(groups or ["text"])
        with transaction.atomic():
            row = outbox.emit(
                DriftFound(
                    run.pk, "echoes", self.revision.number, drifted, "They are long.", dict.fromkeys(drifted, "long")
                )
            )
        return run, row.pk

    def tell(self) -> None:
        """Everything that waits in the outbox, and what comes of it."""
        while relay_run():
            pass

    def begin(self) -> RetrainTrigger:
        """Have what is pending begun, as the analysis worker does; the newest trigger."""
        retraining_begin()
        return RetrainTrigger.objects.order_by("-pk")[0]

    def end(self, job: TrainingJob, *, wrong: int = 0, weights: tuple[float, ...] = (5.0, 6.0)) -> ModelVersion | None:
        """As its host does when the training is done: the champion has every sample right, the candidate all but so
        many."""
        return self.finish(job, running(job), wrong=wrong, weights=weights)

    def finish(
        self, job: TrainingJob, lease: UUID, *, wrong: int = 0, weights: tuple[float, ...] = (5.0, 6.0)
    ) -> ModelVersion | None:
        """The same for who holds the job."""
        assert job.measured_on is not None
        directory = Path(tempfile.mkdtemp(dir=self.home()))
        for path, content in (artifact.files() | {"weights/model.safetensors": artifact.safetensors(weights)}).items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_bytes(content)
        right = [each.label for each in version_samples(job.measured_on)]
        answers = Answers(["9"] * wrong + right[wrong:], right)
        return job_finish(job_id=job.pk, lease=lease, result=directory, code_digest="c" * 64, answers=answers)

    def home(self) -> Path:
        from django.conf import settings

        return Path(settings.QUARTET_HOME)


def event() -> UUID:
    """The id of an event that is told by hand."""
    return new_id()
