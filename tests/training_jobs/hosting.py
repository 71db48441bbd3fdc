"""A training job hosted in a thread, as a Celery worker's would be."""

import json
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db import connections

from apps.training.models import TrainingJob
from tests.workers.hosting import until
from workers.node import NodeLife
from workers.training.host import CHILD, JobHost, Pace

#: Speaks a training child's protocol and nothing else, by these lines of Python with `say` and `spec` at hand.
_SPOKEN = """
import json, os, pathlib, queue, signal, sys, threading, time
spec = json.loads(sys.stdin.readline())
def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)
def progress(step, kept=0, began=0):
    steps = {"began_step": began, "kept_step": kept}
    say("progress", phase="train", points=[[step, 1 / step]], device="cpu", **steps)
told = queue.SimpleQueue()
signal.signal(signal.SIGTERM, lambda *_: told.put(1))
threading.Thread(target=lambda: (sys.stdin.read(), told.put(1)), daemon=True).start()
directory = pathlib.Path(spec["directory"])
say("live", pid=os.getpid())
"""


def spoken(text: str) -> list[str]:
    """The command of a child that does this."""
    return [sys.executable, "-c", _SPOKEN + text]


#: Trains for ever and stops when it is told to.
PATIENT = spoken("progress(1)\ntold.get()\nsay('stopped')")


@dataclass
class Hosting:
    """One job and the threads that host it."""

    job: TrainingJob
    life: NodeLife = field(default_factory=lambda: NodeLife("n1"))
    pace: Pace = field(default_factory=lambda: Pace(beat=0.1, stop=5.0, again=0.1, store=(0.1, 0.1)))

    def __post_init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def start(self, command: Sequence[str] = CHILD) -> "Hosting":
        """What the worker does when the job's message comes."""
        host = JobHost(self.job.pk, self.life, command=command, pace=self.pace)

        def run() -> None:
            try:
                host.run()
            finally:
                connections.close_all()

        self._threads.append(threading.Thread(target=run, daemon=True))
        self._threads[-1].start()
        return self

    def now(self) -> TrainingJob:
        """Its row."""
        self.job = TrainingJob.objects.select_related("result").get(pk=self.job.pk)
        return self.job

    def until(self, held: Callable[[TrainingJob], bool], seconds: float = 120) -> "Hosting":
        """Wait until this is true of the row."""
        until(lambda: held(self.now()), f"what the test said: it is {self.now().state} {self.job.reason}", seconds)
        return self

    def ends(self, seconds: float = 200) -> TrainingJob:
        """Wait for every host to return."""
        for thread in self._threads:
            thread.join(seconds)
            assert not thread.is_alive(), f"the host did not return: {self.now().state} {json.dumps(self.job.log_tail)}"
        return self.now()

    def runs(self, command: Sequence[str]) -> TrainingJob:
        """Host it with this child to the end of the attempt."""
        return self.start(command).ends()
