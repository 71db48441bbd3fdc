"""Looks after one replica: starts its child process, hears it, speaks for it to the database, ends it when told.

    starting --ready--> serving --told to--> draining --> ended
        \\--------------- the child ends by itself -------^

The database may be away at any time: the child goes on, what there is to say waits, and is said in order later.
"""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import close_old_connections

from apps.deployments import services
from workers.child import Child, child_environment
from workers.machine import visible_devices
from workers.node import DATABASE_AWAY, NodeLife

log = structlog.get_logger(__name__)

REPLICA = (sys.executable, "-m", "workers.serving.replica")
STARTING, SERVING, DRAINING = "starting", "serving", "draining"
#: States in the database that leave the child to do its work.
_GO_ON = ("starting", "warming", "ready")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: between heartbeats, until a child must be ready, beyond the request timeout until it must have drained,
    and how long a stopping worker tries to say how a replica ended."""

    beat: float = 1.0
    start: float = 600.0
    drain: float = 5.0
    last_word: float = 5.0


class ReplicaHost:
    """One replica in the care of this worker. `run` returns when its child has ended and that was said."""

    def __init__(
        self, replica_id: UUID, life: NodeLife, *, command: Sequence[str] = REPLICA, limits: Limits | None = None
    ) -> None:
        self._id = replica_id
        self._life = life
        self._command = command
        self._limits = limits or Limits()
        self._state = STARTING
        self._order = STARTING
        self._failure: dict[str, str] = {}
        self._beat_at = self._kill_at = self._drain_seconds = 0.0
        self._unsaid: deque[Callable[[], object]] = deque()
        self._log = log.bind(replica=str(replica_id))

    def run(self) -> None:
        """Claim the replica and look after it to its end; nothing where another has claimed it."""
        spec = services.replica_claim(replica_id=self._id, incarnation=self._life.incarnation)
        close_old_connections()
        if spec is None:
            return
        try:
            child = self._started(spec)
        except OSError as error:
            self._fail("start_failed", f"Its process could not be started: {error}.")
        else:
            self._drain_seconds = spec["timeout_ms"] / 1000 + self._limits.drain
            self._look_after(child)
        self._say_last()

    def _started(self, spec: dict[str, Any]) -> Child:
        self._log.info("replica starts", deployment=spec["deployment"], revision=spec["revision"], stage=spec["stage"])
        return Child(
            self._command,
            spec
            | {
                "redis_url": settings.REDIS_URL,
                "record_spool": settings.QUARTET_RECORD_SPOOL,
                "device": spec["device"].partition(":")[0],
            },
            log=Path(settings.QUARTET_HOME) / "logs" / "replicas" / f"{self._id}.log",
            cwd=settings.BASE_DIR,
            environment=child_environment(
                {
                    "OMP_NUM_THREADS": str(spec["threads"]),
                    "CUDA_DEVICE_ORDER": "PCI_BUS_ID",  # as nvidia-smi counts
                    "CUDA_VISIBLE_DEVICES": visible_devices(spec["device"]),  # it sees the one it was given
                    "HF_HUB_OFFLINE": "1",  # a model is what its digest covers, not what it fetches
                }
            ),
        )

    def _look_after(self, child: Child) -> None:
        self._kill_after(self._limits.start)
        try:
            while not child.ended():
                self._hear(child.event(min(0.25, self._limits.beat)))
                self._beat(child)
                if self._must_drain():
                    self._drain(child)
                if self._kill_at and time.monotonic() > self._kill_at:
                    self._overdue(child)
            self._judge(child)
        except Exception as error:
            self._log.exception("the host itself failed")
            self._fail("host_failed", f"Its host failed: {type(error).__name__}: {error}")
        finally:
            child.close()

    def _kill_after(self, seconds: float) -> None:
        self._kill_at = time.monotonic() + seconds

    def _hear(self, event: dict[str, Any] | None) -> None:
        if event is None:
            return
        if event["event"] == "live":
            self._say(services.replica_warming, pid=int(event["pid"]))
        elif event["event"] == "ready":
            self._serve()
            self._say(services.replica_ready, memory_bytes=int(event["memory_bytes"]))
        elif event["event"] == "failed":
            self._fail(event.get("code", "failed"), event.get("message", "It did not say why."), event.get("path", ""))
            self._kill_after(self._limits.drain)

    def _serve(self) -> None:
        if self._state == STARTING:
            self._state, self._kill_at = SERVING, 0.0

    def _beat(self, child: Child) -> None:
        """Every second: say what waits, then that we are here; the answer may be an order."""
        if time.monotonic() < self._beat_at:
            return
        self._beat_at = time.monotonic() + self._limits.beat
        child.bound_log()
        if self._say_waiting():
            answer = self._told(partial(services.replica_beat, replica_id=self._id))
            self._order = self._order if answer is _AWAY else str(answer)

    def _must_drain(self) -> bool:
        return self._state != DRAINING and (self._life.stopping.is_set() or self._order not in _GO_ON)

    def _drain(self, child: Child) -> None:
        self._log.info("replica drains", order=self._order)
        self._state = DRAINING
        self._kill_after(self._drain_seconds)
        child.terminate()
        self._say(services.replica_draining)

    def _overdue(self, child: Child) -> None:
        self._log.warning("replica does not end by itself and is killed", state=self._state)
        if self._state == STARTING:
            self._fail("start_timeout", f"It was not ready after {self._limits.start:g} s.")
        child.kill()

    def _judge(self, child: Child) -> None:
        """Decide how it ended: as it was told to, as it said itself, or as the system says."""
        if self._state == DRAINING:
            self._failure = {}
            self._say(services.replica_stopped)
        elif not self._failure:
            self._fail("process_ended", child.how_it_ended())

    def _fail(self, code: str, reason: str, path: str = "") -> None:
        if not self._failure:
            self._failure = {"code": code[:40], "reason": reason.replace("\0", ""), "path": path}
            self._log.warning("replica failed", code=code, reason=reason)

    def _say(self, service: Callable[..., object], **what: Any) -> None:
        """Say it now, after whatever waits, or when the database is back."""
        self._unsaid.append(partial(service, replica_id=self._id, **what))
        self._say_waiting()

    def _say_waiting(self) -> bool:
        """Whether all is said."""
        while self._unsaid:
            if self._told(self._unsaid[0]) is _AWAY:
                return False
            self._unsaid.popleft()
        return True

    def _told(self, say: Callable[[], object]) -> Any:
        try:
            return say()
        except DATABASE_AWAY as error:
            self._log.warning("the database is away; the replica goes on", reason=str(error).strip())
            return _AWAY
        except Exception:
            # It would fail again: said no more, it does not keep the later words back.
            self._log.exception("a replica's news could not be told")
            return None
        finally:
            close_old_connections()

    def _say_last(self) -> None:
        """Say how it ended; only a worker that must stop gives up, and the reconciler then notices the silence."""
        if self._failure:
            self._unsaid.append(partial(services.replica_failed, replica_id=self._id, **self._failure))
        give_up: float | None = None
        while not self._say_waiting():
            if self._life.stopping.is_set():
                give_up = give_up or time.monotonic() + self._limits.last_word
                if time.monotonic() > give_up:
                    return
            threading.Event().wait(self._limits.beat)


_AWAY = object()
