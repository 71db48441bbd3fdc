"""Training: how much of a bare loop's speed a job has, and what a deployment feels of one that runs beside it."""

import functools
import json
import math
import subprocess
import sys
from pathlib import Path

from bench import processes, quartet
from bench.artifacts import Artifact, digits_artifact
from bench.errors import Unavailable
from bench.load import Request, drive, warm_up
from bench.models.media import samples
from bench.part import Column, Figures, Part, Slice, Target
from bench.parts.digits import request
from bench.place import ROOT
from bench.training.job import BATCH, RATE, Job, training

_JOB, _LOOP = "a training job", "the bare loop"
_ALONE, _BESIDE, _WHILE = "a deployment alone", "a deployment beside a job", "a job beside a deployment"
_SHARE = 0.95  # of the bare loop's speed
_SLOWER = 1.25  # than a deployment alone, at most
_STEPS = 300
#: More than are done while the deployment is asked.
_LONG = 4000
_CONNECTIONS = 8
_PATIENCE = 300


def _slices(seconds: float) -> dict[str, Slice]:
    artifact = functools.cache(digits_artifact)  # trained when the first slice needs it
    return {
        "a job and the bare loop": lambda: _speed(artifact()),
        "a deployment and a job": lambda: _beside(artifact(), seconds),
    }


def _speed(artifact: Artifact) -> dict[str, Figures]:
    with training(artifact, _STEPS) as (job, directory):
        began, ended = job.until_it_trains(), job.until_it_has_learned()
        of_loop, loss = loop(artifact, directory, _STEPS)
        require_same(job.loss(), loss)
    return {_JOB: {"samples_per_s": _STEPS * BATCH / (ended - began)}, _LOOP: {"samples_per_s": of_loop}}


def require_same(of_job: float, of_loop: float) -> None:
    """Raises Unavailable unless both learned the same: their last loss tells."""
    if not math.isclose(of_job, of_loop, rel_tol=1e-4):
        raise Unavailable(f"the job learned something else than the bare loop: loss {of_job}, not {of_loop}")


def loop(artifact: Artifact, directory: Path, steps: int) -> tuple[float, float]:
    """So many steps of the bare loop, in a process of its own: samples a second, and the last loss."""
    told = [str(each) for each in (artifact.directory, directory, steps, BATCH, RATE)]
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "bench.training.bare", *told],
            cwd=ROOT, env=processes.environment({}), capture_output=True, text=True, timeout=_PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"the bare loop did not end within {error.timeout:.0f} s") from error
    if ran.returncode:
        raise Unavailable(f"the bare loop failed: {ran.stderr.strip()[-160:]}")
    found = json.loads(ran.stdout.splitlines()[-1])
    return found["samples_per_s"], found["loss"]


def _beside(artifact: Artifact, seconds: float) -> dict[str, Figures]:
    files = samples(artifact.directory)
    with quartet.serving(artifact) as served:
        asked = request(served.url, files, binary_answer=True)
        warm_up(asked, _CONNECTIONS)
        alone = _asked(asked, seconds)
        with training(artifact, _LONG) as (job, _):
            job.until_it_trains()
            first = job.steps()
            beside = _asked(asked, seconds)
            speed = _between(first, job)
    return {_ALONE: alone, _BESIDE: beside, _WHILE: {"samples_per_s": speed}}


def _asked(asked: Request, seconds: float) -> Figures:
    load = drive(asked, _CONNECTIONS, seconds)
    return {"rps": load.rps, "p50_ms": load.p50_ms, "p99_ms": load.p99_ms}


def _between(first: tuple[float, int], job: Job) -> float:
    last = job.steps()
    return (last[1] - first[1]) * BATCH / (last[0] - first[0]) if last[0] > first[0] else 0.0


PART = Part(
    name="training",
    title="Training: a job beside a bare loop, and beside a deployment",
    prose=(
        "The demo's model learns from digits seen and heard, every weight of it, on one thread. A job is the process "
        "that a worker starts, with its checkpoints, its reports and its low priority; the bare loop makes the same "
        "batches and takes the same steps, and nothing else. Then a deployment of the same model answers pictures and "
        "sounds, first alone and then while a job learns: gateway, replica, Valkey, the load and the job share the "
        "processor."
    ),
    columns=(
        Column("samples_per_s", "learned", "samples/s"),
        Column("rps", "answered", "requests/s"),
        Column("p50_ms", "p50", "ms", 1),
        Column("p99_ms", "p99", "ms", 1),
    ),
    targets=(
        Target(_JOB, "samples_per_s", _SHARE, True, _LOOP),
        Target(_BESIDE, "p99_ms", _SLOWER, False, _ALONE),
    ),
    slices=_slices,
    chart="samples_per_s",
)
