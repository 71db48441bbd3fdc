"""What a job's process does: learn, measure, profile, package; or, where nothing learns, measure alone.

Each part that lies on disk already is not done again.
"""

import hashlib
import json
import logging
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import torch
import transformers

from workers.serving.artifact import ArtifactCorrupt, ArtifactFile, verify
from workers.serving.events import EventChannel
from workers.training.answers import answers
from workers.training.checkpoints import Checkpoints
from workers.training.families import Examples, Family, family_for
from workers.training.loop import Plan, Training, require_finite
from workers.training.package import package
from workers.training.place import Place, place
from workers.training.profile import profile
from workers.training.recipes import RECIPES
from workers.training.samples import Samples

log = logging.getLogger(__name__)

RESULT, ANSWERS = "result", "answers.json"
#: Points of the loss curve, and seconds between two reports.
_POINTS, _REPORT_SECONDS = 200, 0.5


class Stopped(Exception):
    """It was told to stop, and has kept a checkpoint."""


def run(spec: dict[str, Any], events: EventChannel, stop: threading.Event) -> None:
    """Do the whole job; says `done` or `stopped`. Raises whatever is wrong with recipe, samples, machine or parent."""
    directory = Path(spec["directory"])
    do, done = (_make, directory / RESULT) if spec["learns"] else (_compare, directory / ANSWERS)
    if not done.exists():
        try:
            do(spec, directory, events, stop)
        except Stopped:
            events.send("stopped")
            return
    events.send("done", code_digest=code_sha256())


def _make(spec: dict[str, Any], directory: Path, events: EventChannel, stop: threading.Event) -> None:
    family, where = _begin(spec)
    parent = spec["parent"]
    recipe = RECIPES[spec["recipe"]]()
    report = Reporter(events, spec["parameters"]["steps"], str(where))
    report.phase("data")
    model = family.load().to(where.device)
    examples = family.examples(Samples.load(directory, "train"))
    trained = recipe.prepare(model, family, spec["parameters"])
    training = Training(trained, _plan(spec, family, recipe.faster), spec["seed"], where)
    checkpoints = Checkpoints(directory / "checkpoints", _bound(spec))
    learn(training, examples, checkpoints, spec["parameters"]["checkpoint_every"], report, stop)
    finished = recipe.finish(trained)
    report.phase("evaluate")
    metrics = _measure(spec, directory, family, finished, where, stop)
    report.phase("profile")
    inputs = {each["name"]: each.get("modality", "tensor") for each in parent["manifest"]["inputs"]}
    reference = profile(finished, family, directory, inputs, where)
    report.phase("package")
    package(directory / RESULT, Path(parent["directory"]), family, finished.to("cpu"), metrics, reference)


def _begin(spec: dict[str, Any]) -> tuple[Family, Place]:
    """The parent's family, its files checked, and where to compute."""
    torch.set_num_threads(int(spec["parameters"]["threads"]))
    torch.manual_seed(spec["seed"])
    transformers.utils.logging.disable_progress_bar()  # the log is read by people
    return _family(spec["parent"]), place(spec["device"])


def _family(version: dict[str, Any]) -> Family:
    _require_whole(version)
    return family_for(version["manifest"])(Path(version["directory"]), version["manifest"])


def _compare(spec: dict[str, Any], directory: Path, events: EventChannel, stop: threading.Event) -> None:
    """Nothing learns: the parent is the candidate, as it was registered."""
    family, where = _begin(spec)
    report = Reporter(events, 1, str(where))
    report.phase("evaluate")
    _measure(spec, directory, family, family.load().to(where.device), where, stop)


def learn(
    training: Training,
    examples: Examples,
    checkpoints: Checkpoints,
    every: int,
    report: "Reporter",
    stop: threading.Event,
) -> None:
    """Take the steps that are left, from the newest checkpoint on. Raises Stopped or Diverged."""
    if state := checkpoints.newest():
        training.restore(state)
        log.info("resumed at step %d of %d", training.step, training.plan.steps)
    report.began(training.step)
    report.phase("train")

    def batch(size: int, random: torch.Generator) -> dict[str, torch.Tensor]:
        chosen = torch.randint(len(examples), (size,), generator=random)
        return examples.batch(chosen.tolist(), random)

    while not training.done:
        loss = training.advance(batch)
        keep = training.done or training.step % every == 0 or stop.is_set()
        if keep or report.is_due(training.step):
            value = loss.item()
            require_finite(training.step, value)
            report.point(training.step, value)
        if keep:
            checkpoints.write(training.state())
            report.kept(training.step)
        if stop.is_set() and not training.done:
            raise Stopped


def _plan(spec: dict[str, Any], family: Family, faster: float) -> Plan:
    told = spec["parameters"]
    rate = told["learning_rate"] or family.learning_rate * faster
    return Plan(told["steps"], rate, told["batch_size"])


def _measure(
    spec: dict[str, Any], directory: Path, family: Family, model: Any, where: Place, stop: threading.Event
) -> dict[str, Any]:
    """Have candidate and champion answer the samples that are measured on; the candidate's figures. Raises Stopped."""
    if spec["measured_on"] is None:
        return {}
    samples = Samples.load(directory, "measure")
    candidate = answers(model, family, family.examples(samples), where)
    if stop.is_set():
        raise Stopped
    other = _family(spec["champion"])
    beside = other.load().to(where.device)
    _write(
        directory / ANSWERS,
        {
            "candidate": candidate,
            "champion": answers(beside, other, other.examples(samples), where),
        },
    )
    right = sum(given == row.label for given, row in zip(candidate, samples.rows, strict=True))
    return {"accuracy": round(right / len(samples), 4), "samples": len(samples)}


def _write(path: Path, value: Any) -> None:
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("w") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _require_whole(version: dict[str, Any]) -> None:
    """Raises ArtifactCorrupt, which then knows the version."""
    try:
        verify(Path(version["directory"]), msgspec.convert(version["files"], list[ArtifactFile]))
    except ArtifactCorrupt as error:
        error.add_note(str(version["id"]))
        raise


def _bound(spec: dict[str, Any]) -> str:
    """What a checkpoint may be used for: the same job by the same code."""
    told = [spec[name] for name in ("job", "recipe", "parameters", "seed")]
    return hashlib.sha256(json.dumps([*told, code_sha256()], sort_keys=True).encode()).hexdigest()


def code_sha256() -> str:
    """Hex digest over the names and contents of this package's Python files: the code that trains."""
    root, digest = Path(__file__).parent, hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()


@dataclass
class Reporter:
    """Tells the host how far it is: points at the same steps whenever they are taken, and not too often."""

    events: EventChannel
    steps: int
    device: str
    _now: str = ""
    _points: list[tuple[int, float]] = field(default_factory=list)
    _began: int | None = None
    _kept: int = 0
    _told_at: float = 0.0

    def phase(self, name: str) -> None:
        """What it does now."""
        self._now = name
        log.info("%s", name)
        self._tell()

    def is_due(self, step: int) -> bool:
        """Whether this step is a point of the loss curve."""
        return step % max(1, self.steps // _POINTS) == 0 or step == self.steps

    def point(self, step: int, loss: float) -> None:
        """The loss at a step."""
        self._points.append((step, loss))
        if time.monotonic() > self._told_at + _REPORT_SECONDS or step == self.steps:
            log.info("step %d of %d, loss %.4f", step, self.steps, loss)
            self._tell()

    def began(self, step: int) -> None:
        """It goes on from the checkpoint of this step, or from nothing; told with what comes next."""
        self._began = self._kept = step

    def kept(self, step: int) -> None:
        """A checkpoint lies on disk."""
        self._kept = step
        self._tell()

    def _tell(self) -> None:
        steps = {"began_step": self._began, "kept_step": self._kept}
        self.events.send("progress", phase=self._now, points=self._points, device=self.device, **steps)
        self._points, self._told_at = [], time.monotonic()
