"""A deployment with one replica placed on this test's node, hosted in a thread as a Celery worker's would be."""

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connection, connections

from apps.deployments import services
from apps.deployments.models import Replica
from apps.registry.models import ModelVersion
from tests.deployments.makers import FACTS, approve, make_deployment, make_revision
from tests.world import World
from workers.host import REPLICA, Limits, ReplicaHost
from workers.node import NodeLife

NODE = f"test-{os.getpid()}"

#: Speaks a replica's protocol and nothing else: ready at once, drained when told.
OBEDIENT = """
import json, os, queue, signal, sys, threading
spec = json.loads(sys.stdin.readline())
def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)
told = queue.SimpleQueue()
signal.signal(signal.SIGTERM, lambda *_: told.put(1))
threading.Thread(target=lambda: (sys.stdin.read(), told.put(1)), daemon=True).start()
say("live", pid=os.getpid())
say("ready", device="cpu", memory_bytes=5_000_000, load_ms=1, warmup_ms=1)
told.get()
say("drained")
"""
#: As OBEDIENT, but deaf to SIGTERM, and with a child of its own, whose process id it writes to its log.
DEAF = (
    "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, file=sys.stderr, flush=True)"
    + OBEDIENT.replace("lambda *_: told.put(1)", "signal.SIG_IGN")
)


def script(text: str) -> list[str]:
    """The command that runs `text` as a child."""
    return [sys.executable, "-c", text]


def until(held: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Wait until `held()` is true, or fail saying what was waited for."""
    end = time.monotonic() + seconds
    while not held():
        assert time.monotonic() < end, f"waited {seconds:g} s in vain for {what}"
        time.sleep(0.02)


def runs(pid: int) -> bool:
    """Whether this process is there and not just waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@dataclass
class Hosting:
    """One replica of `version` and its host."""

    world: World
    version: ModelVersion
    life: NodeLife = field(default_factory=lambda: NodeLife(NODE))
    limits: Limits = field(default_factory=lambda: Limits(beat=0.1, drain=1.0))

    def __post_init__(self) -> None:
        services.node_beat(name=NODE, incarnation=self.life.incarnation, facts=FACTS)
        self.revision = make_revision(self.world, make_deployment(self.world), self.version, timeout_ms=100)
        approve(self.world, self.revision)
        services.reconcile(evidence=None)
        self._id = Replica.objects.get().pk
        self._threads: list[threading.Thread] = []

    def start(self, command: Sequence[str] = REPLICA) -> "Hosting":
        """What the worker does when the replica's message comes."""
        host = ReplicaHost(self._id, self.life, command=command, limits=self.limits)
        self._threads.append(threading.Thread(target=_closing(host.run), daemon=True))
        self._threads[-1].start()
        return self

    @property
    def replica(self) -> Replica:
        """Its row now."""
        return Replica.objects.get(pk=self._id)

    def reaches(self, *states: str, seconds: float = 30) -> "Hosting":
        """Wait for one of these states."""
        until(lambda: self.replica.state in states, f"{' or '.join(states)}, not {self.replica.state}", seconds)
        return self

    def order(self, state: str) -> "Hosting":
        """What the reconciler writes to tell the host something."""
        Replica.objects.filter(pk=self._id).update(state=state)
        return self

    def ends(self, seconds: float = 30) -> Replica:
        """Wait for every host to return."""
        for thread in self._threads:
            thread.join(seconds)
            assert not thread.is_alive(), "the host did not return"
        return self.replica

    @property
    def log(self) -> Path:
        """The child's log."""
        return Path(settings.QUARTET_HOME) / "logs" / "replicas" / f"{self._id}.log"


def _closing(run: Callable[[], None]) -> Callable[[], None]:
    def closing() -> None:
        try:
            run()
        finally:
            connections.close_all()

    return closing


class Outage:
    """The test's database refuses everybody, and throws out who is there, between enter and exit."""

    def __init__(self) -> None:
        self._settings = connection.settings_dict

    def __enter__(self) -> None:
        self._say("alter database {} with allow_connections false")
        self._say("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{}'")

    def __exit__(self, *exc: object) -> None:
        self._say("alter database {} with allow_connections true")
        connections.close_all()

    def _say(self, sentence: str) -> None:
        server = {"host": self._settings["HOST"], "port": self._settings["PORT"], "user": self._settings["USER"]}
        password = {"password": self._settings["PASSWORD"]} if self._settings["PASSWORD"] else {}
        with psycopg.connect(dbname="postgres", autocommit=True, **server, **password) as outside:
            outside.execute(sentence.format(self._settings["NAME"]))
