"""A training job's process, started as the host of an accelerator worker starts it, and what it says of itself."""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import processes
from bench.artifacts import Artifact
from bench.errors import Unavailable
from bench.place import ARTIFACTS, ROOT
from bench.place import log as log_of
from bench.training import data

#: As many samples a step, and steps from one checkpoint to the next, as a job has that is told nothing.
BATCH, _CHECKPOINT_EVERY = 64, 50
RATE = 1e-3
_TRAIN, _AFTER = "train", ("evaluate", "package")  # phases
_LAST_WORDS = ("done", "failed", "stopped")
_PATIENCE = 300.0


@dataclass
class Job:
    """What it has said so far, each word with the second at which it came."""

    said: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def hear(self, process: "subprocess.Popen[bytes]") -> None:
        """Take in every word until it ends."""
        assert process.stdout
        with process.stdout as lines:
            for line in lines:
                self._hear(json.loads(line))
        self._hear({"event": "ended"})

    def _hear(self, event: dict[str, Any]) -> None:
        with self.changed:
            self.said.append((time.perf_counter(), event))
            self.changed.notify_all()

    def until_it_trains(self) -> float:
        """The second at which its first step began. Raises Unavailable."""
        return self._until((_TRAIN,))

    def until_it_has_learned(self) -> float:
        """The second at which its last step was done and kept. Raises Unavailable."""
        return self._until(_AFTER)

    def steps(self) -> tuple[float, int]:
        """The newest step that it told of, and when."""
        with self.changed:
            told = [(when, event["points"][-1][0]) for when, event in self.said if event.get("points")]
        return told[-1] if told else (time.perf_counter(), 0)

    def loss(self) -> float:
        """The newest that it told of."""
        with self.changed:
            [*_, (_, loss)] = [point for _, event in self.said for point in event.get("points", ())]
        return float(loss)

    def _until(self, phases: Sequence[str]) -> float:
        deadline = time.perf_counter() + _PATIENCE
        with self.changed:
            while True:
                for when, event in self.said:
                    if event.get("phase") in phases:
                        return when
                self._require_alive(deadline)
                self.changed.wait(1.0)

    def _require_alive(self, deadline: float) -> None:
        if self.said and self.said[-1][1]["event"] == "ended":
            last = [event.get("message", event["event"]) for _, event in self.said if event["event"] in _LAST_WORDS]
            raise Unavailable(f"the training job ended: {last or 'it said nothing'}")
        if time.perf_counter() > deadline:
            raise Unavailable(f"the training job was not so far within {_PATIENCE:.0f} s")


@contextmanager
def training(artifact: Artifact, steps: int, cache: Path = ARTIFACTS / "speech") -> Iterator[tuple[Job, Path]]:
    """A job of so many steps from the artifact, and the directory that it works in; ended when the caller is done."""
    with tempfile.TemporaryDirectory(prefix="quartet-bench-job-") as name:
        directory = Path(name)
        data.write(directory, cache)
        with log_of("training-job").open("wb") as log, _child(log) as process:
            job = Job()
            threading.Thread(target=job.hear, args=(process,), daemon=True).start()
            assert process.stdin
            process.stdin.write(json.dumps(_spec(artifact, directory, steps)).encode() + b"\n")
            process.stdin.flush()
            yield job, directory


@contextmanager
def _child(log: Any) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "workers.training.child"], cwd=ROOT, env=processes.environment({"HF_HUB_OFFLINE": "1"}),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        processes.end(process)
        if process.stdin:
            process.stdin.close()


def _spec(artifact: Artifact, directory: Path, steps: int) -> dict[str, Any]:
    files = [{"path": each.path, "sha256": each.sha256, "size": each.size} for each in artifact.files()]
    return {
        "job": "bench",
        "recipe": "full",
        "learns": True,
        "parameters": {
            "steps": steps,
            "batch_size": BATCH,
            "learning_rate": RATE,
            "checkpoint_every": _CHECKPOINT_EVERY,
            "threads": 1,
        },
        "seed": 0,
        "device": "cpu",
        "directory": str(directory),
        "parent": {"id": 1, "directory": str(artifact.directory), "manifest": artifact.manifest, "files": files},
        "champion": None,
        "measured_on": None,
    }
