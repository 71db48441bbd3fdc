"""A fleet worth looking at: deployments in different states and an hour of traffic, made through the real services."""

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.approvals.selectors import requests_open
from apps.approvals.services import decision_record
from apps.core.clock import now
from apps.deployments.models import Deployment, Revision, Rollout
from apps.monitoring.models import FLEET, GatewayReport, MetricWindow
from apps.monitoring.rules.findings import Finding, Severity
from apps.monitoring.rules.sketches import encode
from apps.monitoring.services import alert_acknowledge, alert_raise, alert_resolve, objective_create, objectives_judge
from apps.registry.models import Alias, AliasMove, Artifact, ModelVersion
from apps.registry.services import alias_move, version_mark_corrupt
from tests.deployments.makers import FACTS, Fleet, make_deployment, make_revision, make_version
from tests.world import World
from workers.relay import relay_run
from workers.serving.sketch import noted

GIB = 1024**3
STAGES = [
    {"name": "preprocess", "handler": "digits_av:DigitsHandler", "device": "cpu"},
    {"name": "infer", "handler": "digits_av:DigitsHandler", "device": "auto"},
    {"name": "postprocess", "handler": "digits_av:DigitsHandler", "device": "cpu"},
]
IMAGE = {
    "name": "image",
    "modality": "image",
    "datatype": "BYTES",
    "shape": [-1],
    "required": False,
    "media_types": ["image/png"],
    "max_pixels": 1_000_000,
}
SOUND = {
    "name": "sound",
    "modality": "audio",
    "datatype": "BYTES",
    "shape": [-1],
    "required": False,
    "media_types": ["audio/wav"],
    "sample_rate": 8000,
    "max_seconds": 10,
}
TEXT = {"name": "text", "modality": "text", "datatype": "BYTES", "shape": [-1], "required": True}
DIGITS: dict[str, Any] = {
    "format": 1,
    "name": "digits-av",
    "task": "digit-classification",
    "description": "Reads a handwritten digit, hears a spoken one, and answers from whichever is there.",
    "license": "Apache-2.0",
    "inputs": [IMAGE, SOUND],
    "require_any": ["image", "sound"],
    "outputs": [
        {"name": "digit", "datatype": "INT64", "shape": [-1]},
        {"name": "scores", "datatype": "FP32", "shape": [-1, 10]},
    ],
    "stages": STAGES,
    "samples": [{"image": "samples/3.png", "sound": "samples/3.wav"}],
    "metrics": {"accuracy": 0.981, "accuracy_image": 0.967, "accuracy_sound": 0.942},
}
MINILM = {
    **DIGITS,
    "name": "minilm",
    "task": "feature-extraction",
    "inputs": [TEXT],
    "samples": [{"text": "a red door"}],
}


class Scene:
    """Ada's fleet. `digits` and `captions` serve; the rest is added by the methods."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.fleet = Fleet("cpu-1", "cpu-2")
        self.digits = make_deployment(world, "digits")
        self.captions = make_deployment(world, "captions")
        self.first = make_version(
            world, 1, manifest=DIGITS, size_bytes=1_412_000, lineage={"dataset": "digits, 2 voices"}
        )
        self.second = make_version(
            world,
            2,
            manifest=DIGITS,
            size_bytes=1_498_000,
            parent=self.first,
            lineage={"dataset": "digits, 7 voices", "code": "train.py at 4f2c1e", "notes": "More voices."},
        )
        minilm = make_version(world, 1, name="minilm", manifest=MINILM, size_bytes=22_700_000)
        self._files(self.second)
        self._champion()
        self._live(self.digits, self.first, replicas=2)
        self._live(self.captions, minilm, replicas=1)
        self._live(self.digits, self.second, replicas=2, note="Seven voices instead of two")
        # As if the second revision had taken over half an hour ago: in the middle of hour_of_traffic.
        Rollout.objects.filter(deployment=self.digits).update(shifted_at=now() - timedelta(minutes=190 / 6))
        Rollout.objects.filter(to_revision__number=1).update(shifted_at=now() - timedelta(hours=3))
        self.fleet.beat(memory_free=FACTS.memory_total * 5 // 8)

    def asking(self) -> "Scene":
        """A revision of `captions` waits for approval."""
        make_revision(self.world, self.captions, ModelVersion.objects.get(model__name="minilm"), replicas=3)
        relay_run()
        return self

    def asking_for_champion(self) -> "Scene":
        """Somebody wants the first version to be the champion again."""
        alias_move(
            actor=self.world.ada, model=self.first.model, alias="champion", version=self.first, reason="It was better"
        )
        relay_run()
        return self

    def broken(self) -> "Scene":
        """A new deployment's rollout fails, and the champion's bytes rot."""
        doorbell = make_deployment(self.world, "doorbell")
        third = make_version(self.world, 3, manifest=DIGITS, parent=self.second)
        revision = make_revision(self.world, doorbell, third)
        self._approve(revision)
        self.fleet.reconcile()
        for replica in revision.stages.get().served_by.filter(state="pending"):
            self.fleet.fail(replica, "samples/3.wav is at 16000 Hz; model.yaml says 8000 Hz.")
        for version in (third, self.second):
            reason = "weights/model.safetensors is not what was registered: its SHA-256 differs."
            version_mark_corrupt(version_id=version.pk, path="weights/model.safetensors", reason=reason)
        relay_run()
        return self

    def alarming(self) -> "Scene":
        """An objective burns, Ben's sound has drifted and Ada sees to it, and something was resolved."""
        for kind, fields in (("availability", {"target": 0.999}), ("latency", {"target": 0.95, "within_ms": 250})):
            objective_create(actor=self.world.ada, deployment=self.digits, kind=kind, **fields)  # type: ignore[arg-type]
        objective_create(actor=self.world.ada, deployment=self.digits, kind="accuracy", target=0.95)
        objectives_judge()
        drifted = Finding(
            *("drift", "digits: sound has drifted", Severity.TICKET, "digits", "sound"),
            text="Flatness and loudness moved (p 0.0003 of 16 signals). Revision 2 answers.",
            fault="caller",
            remedy="Look at the samples that drive it: what comes in differs from what the model was made with.",
        )
        burning = Finding(
            *("availability", "digits burns its availability objective", Severity.PAGE, "digits", "availability"),
            text="1.9 % of 124,000 requests of the last hour failed: 19 times what 99.9 % allows. Mostly model_failed.",
            fault="model",
            remedy="Roll back if a rollout began it; else give the replica's log to the model's owner.",
        )
        over = Finding(
            "latency", "captions burns its latency (250 ms) objective", Severity.PAGE, "captions", "latency-250"
        )
        alert_raise(finding=over)
        alert_resolve(key=over.key, why="It holds again: its short window is calm.")
        seen = alert_raise(finding=drifted)
        assert seen is not None
        alert_acknowledge(actor=self.world.ada, alert=seen, comment="The new headset; asked for samples.")
        alert_raise(finding=burning)
        relay_run()
        return self

    def _live(self, deployment: Deployment, version: ModelVersion, **spec: Any) -> None:
        """Asked for by Ada, approved by Ben, rolled out."""
        self._approve(make_revision(self.world, deployment, version, **spec))
        self.fleet.beat()  # on a busy machine its nodes would be taken for silent
        self.fleet.carry_through(deployment)
        relay_run()

    def _approve(self, revision: Revision) -> None:
        relay_run()
        request = requests_open().get(subject_id=revision.pk)
        decision_record(actor=self.world.ben, request_id=request.pk, verdict="approve", comment="Looks right.")
        relay_run()

    def _files(self, version: ModelVersion) -> None:
        for path, size in (("digits_av.py", 5210), ("model.yaml", 1422), ("weights/model.safetensors", 1_491_000)):
            Artifact.objects.create(version=version, path=path, sha256=version.digest, size=size)

    def _champion(self) -> None:
        model, ada = self.first.model, self.world.ada
        Alias.objects.create(model=model, name="champion", version=self.second)
        AliasMove.objects.create(model=model, alias="champion", to_version=self.first, moved_by=ada, reason="The first")
        AliasMove.objects.create(
            model=model,
            alias="champion",
            from_version=self.first,
            to_version=self.second,
            moved_by=ada,
            reason="Hears more",
        )


def hour_of_traffic(until: datetime | None = None) -> None:
    """The last hour as the ingest process would have written it, with a gap a quarter of an hour ago."""
    end, chance = until or now(), random.Random(7)
    last = int(end.timestamp()) // 10 * 10
    rows = []
    for back in range(360):
        at = last - 10 * back
        if 85 <= back <= 97:
            continue
        moment = datetime.fromtimestamp(at, UTC)
        of_digits = _window(chance, moment, "digits", 2 if back < 190 else 1, 2200 + 260 * math.sin(back / 40), 5.5)
        of_captions = _window(chance, moment, "captions", 1, 640 + 90 * math.sin(back / 23), 2.6)
        total = of_digits.requests + of_captions.requests
        rows += [of_digits, of_captions, _fleet(moment, total)]
    rows += _seconds(end, rows[:3])
    MetricWindow.objects.bulk_create(rows)
    GatewayReport.objects.create(gateway="gw-1", reported_at=end - timedelta(milliseconds=400), in_flight=7, floor=7200)


def _window(
    chance: random.Random, start: datetime, name: str, revision: int, requests: float, median: float
) -> MetricWindow:
    count = max(0, int(chance.gauss(requests, requests / 22)))
    refused = max(0, int(chance.gauss(count / 900, 1)))
    failed = 4 if chance.random() < 0.03 else 0
    inputs = {"image": int(count * 0.93), "sound": int(count * 0.71)} if name == "digits" else {"text": count}
    errors = {code: n for code, n in (("bad_input", refused), ("deadline_passed", failed)) if n}
    return MetricWindow(
        step=10,
        start=start,
        deployment=name,
        revision=revision,
        requests=count,
        samples=count - refused - failed,
        errors=errors,
        inputs=inputs,
        sketches=encode(_sketches(chance, count, median)),
        rolled=False,
    )


def _sketches(chance: random.Random, count: int, median: float) -> dict[str, dict[int, int]]:
    """Of a sixth of the requests, which is as good to look at."""
    drawn = [median * math.exp(chance.gauss(0, 0.42)) for _ in range(max(1, count // 6))]
    shares = {"stage/preprocess": 0.12, "stage/infer": 0.55, "stage/postprocess": 0.04, "queue/all": 0.2}
    found = {name: noted((ms * share, 1) for ms in drawn) for name, share in shares.items()}
    sure = (1 - min(0.9, chance.expovariate(14)) for _ in drawn)
    batches = (max(1, round(chance.gauss(median, 1.5))) for _ in drawn)
    found |= {"confidence": noted((each, 1) for each in sure), "batch/all": noted((each, 1) for each in batches)}
    return found | {"latency": noted((ms, 1) for ms in drawn)}


def _fleet(start: datetime, requests: int) -> MetricWindow:
    return MetricWindow(step=10, start=start, deployment=FLEET, revision=0, requests=requests, heard=10, rolled=False)


def _seconds(end: datetime, newest: list[MetricWindow]) -> list[MetricWindow]:
    """The last ten seconds, like the newest window."""
    found = []
    for back in range(10):
        for like in newest:
            start = datetime.fromtimestamp(int(end.timestamp()) - back, UTC)
            given = {"deployment": like.deployment, "revision": like.revision, "sketches": like.sketches}
            part = {name: n // 10 for name, n in like.inputs.items()}
            errors = {code: max(1, n // 10) for code, n in like.errors.items()}
            given |= {"step": 1, "start": start, "rolled": True, "heard": 1}
            found.append(MetricWindow(**given, requests=like.requests // 10, inputs=part, errors=errors))
    return found
