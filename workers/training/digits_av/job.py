"""One training job from data to artifact, and what it has to say of itself."""

import dataclasses
import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from workers.artifact_directory import require_usable
from workers.training.digits_av.artifact.digits_av import DigitsAV, load_model
from workers.training.digits_av.cache import Cache
from workers.training.digits_av.clips import talking_digits
from workers.training.digits_av.corpus import Part
from workers.training.digits_av.dataset import NAME, Dataset, dataset
from workers.training.digits_av.evaluate import Accuracy, evaluate
from workers.training.digits_av.evaluate_clips import evaluate_clips
from workers.training.digits_av.flavours import FLAVOURS
from workers.training.digits_av.held_out import held_out
from workers.training.digits_av.package import package
from workers.training.digits_av.reference import reference
from workers.training.digits_av.train import FROM_PARENT, FROM_SCRATCH, Features, Plan, new_model, train

#: Called with a phase ("data", "train", "evaluate", "package") and its numbers.
Tell = Callable[..., None]

_SAMPLE_DIGITS = (3, 5, 8)
_MEASURED_CLIPS = 200


class NotAnArtifact(RuntimeError):
    """The parent named for a fine-tune is not an artifact of this model."""


@dataclass(frozen=True)
class Job:
    """What to train: from scratch, or onwards from a parent artifact; `steps` overrides the plan's.

    `flavour` says what the artifact is asked with; a parent of any flavour will do, as the weights are the same.
    """

    out: Path
    seed: int = 0
    parent: Path | None = None
    steps: int | None = None
    cache: Path | None = None
    flavour: str = "pairs"

    @property
    def plan(self) -> Plan:
        """Short and gentle from a parent, longer from scratch."""
        plan = FROM_PARENT if self.parent else FROM_SCRATCH
        return dataclasses.replace(plan, steps=self.steps) if self.steps else plan


def run(job: Job, tell: Tell) -> dict[str, Any]:
    """Train, measure and package; return the report. Raises DirectoryUnusable, NotAnArtifact, SpeechError, OSError.

    The directory appears only when all is done.
    """
    started = time.monotonic()
    require_usable(job.out)  # now, not after the training
    model = _model(job)
    tell("data")
    data = dataset(Cache(job.cache))
    train_features = Features.of(data.train)
    train(model, train_features, data.train_samples, job.plan, job.seed, partial(_tell_step, tell))
    tell("evaluate")
    features = Features.of(data.test)
    accuracy = _measured(job, model, data, features)
    known = reference(model, features, data.test, data.test_samples) if job.flavour == "pairs" else None
    tell("package", directory=str(job.out))
    package(job.out, model, accuracy, _samples(job), FLAVOURS[job.flavour], known)
    return _report(job, data, accuracy, time.monotonic() - started)


def _tell_step(tell: Tell, step: int, steps: int, loss: float) -> None:
    tell("train", step=step, steps=steps, loss=round(loss, 4))


def _model(job: Job) -> DigitsAV:
    if job.parent is None:
        return new_model(job.seed)
    for name in ("config.json", "model.safetensors"):
        if not (job.parent / name).is_file():
            raise NotAnArtifact(f"{job.parent} is not an artifact to continue from: it has no {name}.")
    return load_model(job.parent)


def _measured(job: Job, model: DigitsAV, data: Dataset, features: Features) -> Accuracy:
    if job.flavour == "clips":
        return evaluate_clips(model, talking_digits(Part.TEST, _MEASURED_CLIPS, cache_directory=job.cache))
    return evaluate(model, features, data.test, data.test_samples)


def _samples(job: Job) -> list[Any]:
    """One held-out sample of each of a few digits, of the flavour's kind."""
    drawn: Iterable[Any] = (
        talking_digits(Part.TRAFFIC, 100, seed=0, cache_directory=job.cache)
        if job.flavour == "clips"
        else held_out(100, seed=0, cache_directory=job.cache)
    )
    by_digit = {sample.digit: sample for sample in drawn}
    return [by_digit[digit] for digit in _SAMPLE_DIGITS]


def _report(job: Job, data: Dataset, accuracy: Accuracy, seconds: float) -> dict[str, Any]:
    parent = job.parent and {"directory": str(job.parent.resolve()), "weights_sha256": _weights_sha256(job.parent)}
    return {
        "directory": str(job.out.resolve()),
        "accuracy": dataclasses.asdict(accuracy),
        "seconds": round(seconds, 1),
        "seed": job.seed,
        "steps": job.plan.steps,
        "threads": torch.get_num_threads(),
        "dataset": {"name": NAME, "sha256": data.sha256(), "samples": len(data)},
        "code": code_sha256(),
        "weights_sha256": _weights_sha256(job.out),
        "parent": parent,
    }


def _weights_sha256(directory: Path) -> str:
    return hashlib.sha256((directory / "model.safetensors").read_bytes()).hexdigest()


def code_sha256() -> str:
    """Hex digest over the names and contents of this package's Python files: the code that made the model."""
    root, digest = Path(__file__).parent, hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()
