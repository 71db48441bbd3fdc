"""Looks after one training job: takes its lease, brings its samples, supervises its child, and says how it ended.

A thread beats for it meanwhile, with what the child says, and hears whether it is to go on. The database may be away at
any time: the child goes on, and what there is to say is said later, unless the lease was lost over it.
"""

import errno
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import close_old_connections, connections

from apps.core.errors import QuartetError
from apps.registry.errors import StorageFull
from apps.registry.services import version_mark_corrupt
from apps.training import services
from apps.training.rules.limits import Allowed, exceeded
from apps.training.services.evaluations import Answers
from apps.training.services.leases import CANCEL, GO_ON, LOST
from workers.child import Child, child_environment
from workers.machine import devices, visible_devices
from workers.node import DATABASE_AWAY, NodeLife
from workers.training.staging import stage, sweep
from workers.training.watch import Watch

log = structlog.get_logger(__name__)

CHILD = (sys.executable, "-m", "workers.training.child")
#: Codes of failures after which it is worth another attempt.
_AGAIN = frozenset({"busy"})


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: between heartbeats, until a child that is to stop must have ended, between tries to say something, how
    long a stopping worker tries to, and between tries to have a result taken: three minutes of them."""

    beat: float = 2.0
    stop: float = 25.0
    again: float = 1.0
    last_word: float = 5.0
    store: Sequence[float] = (1, 2, 4, 8, *(15,) * 11)


class JobHost:
    """One job in the care of this worker. `run` returns when its child has ended and that was said."""

    def __init__(
        self, job_id: UUID, life: NodeLife, *, command: Sequence[str] = CHILD, pace: Pace | None = None
    ) -> None:
        self._id = job_id
        self._life = life
        self._command = command
        self._pace = pace or Pace()
        self._order = GO_ON
        self._limit: tuple[str, str] | None = None
        self._ended = threading.Event()
        self._log = log.bind(job=str(job_id))

    def run(self) -> None:
        """Claim the job and look after it; nothing where another has claimed it."""
        sweep()
        spec = services.job_claim(job_id=self._id, node=self._life.name)
        close_old_connections()
        if spec is None:
            return
        self._lease = UUID(spec.pop("lease"))
        self._directory = Path(spec["directory"])
        self._directory.mkdir(parents=True, exist_ok=True)
        self._allowed = Allowed(**spec["limits"])
        self._learns = spec["learns"]
        logs = Path(settings.QUARTET_HOME) / "logs" / "training"
        self._watch = Watch(self._directory, logs / f"{self._id}.log", spec["seconds"])
        self._log.info("training job starts", recipe=spec["recipe"], parent=spec["parent"]["name"])
        with self._beating():
            self._say(self._outcome(spec))
        sweep()
        close_old_connections()

    # --- what becomes of it ---------------------------------------------------------------------------------------

    def _outcome(self, spec: dict[str, Any]) -> Callable[[], object]:
        """Bring it to its end, whatever that is; what is to be said of it."""
        try:
            self._stage(spec)
            return self._judged(*self._supervised(spec))
        except InterruptedError:
            return self._judged({}, "It was to end.")
        except QuartetError as error:
            return self._fail(error.code, error.message)
        except OSError as error:
            if _is_full(error):
                return self._fail("disk_full", f"The disk of the node '{self._life.name}' is full: {error}.")
            return self._let_go("host_failed", f"Its host failed: {error}.")
        except DATABASE_AWAY as error:
            return self._let_go("database_away", f"The database was away while its samples were read: {error}.")
        except Exception as error:
            self._log.exception("the host itself failed")
            return self._let_go("host_failed", f"Its host failed: {type(error).__name__}: {error}.")

    def _stage(self, spec: dict[str, Any]) -> None:
        sets = {"train": spec["dataset"], "measure": spec["measured_on"]}
        wanted = {name: version for name, version in sets.items() if version is not None}
        for size in stage(self._directory, wanted):
            self._watch.data_bytes += size
            self._limit = self._limit or exceeded(self._watch.taken(memory_bytes=0), self._allowed)
            if not self._may_go_on():
                raise InterruptedError("The job is to end.")

    def _supervised(self, spec: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Run the child to its end: the last word that it said, and how the system says that it ended."""
        child = self._child(spec)
        self._watch.pid = child.pid
        last: dict[str, Any] = {}
        kill_at = 0.0
        try:
            self._told(partial(services.job_start, job_id=self._id, lease=self._lease))
            while not child.ended():
                event = child.event(0.25)
                if event and event["event"] == "progress":
                    self._watch.progress(event)
                elif event and event["event"] in ("done", "failed", "stopped"):
                    last = event
                child.bound_log()
                if not self._may_go_on() and not kill_at:
                    kill_at = time.monotonic() + (0 if self._limit else self._pace.stop)
                    child.terminate()
                if kill_at and time.monotonic() > kill_at:
                    child.kill()
            return last, child.how_it_ended()
        finally:
            self._watch.pid = None
            child.close()

    def _child(self, spec: dict[str, Any]) -> Child:
        threads = str(spec["parameters"]["threads"])
        return Child(
            self._command,
            spec,
            log=self._watch.log,
            cwd=settings.BASE_DIR,
            environment=child_environment(
                {
                    "OMP_NUM_THREADS": threads,
                    "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
                    "CUDA_VISIBLE_DEVICES": visible_devices(_roomiest() if spec["device"] != "cpu" else "cpu"),
                    "HF_HUB_OFFLINE": "1",
                }
            ),
        )

    def _judged(self, last: dict[str, Any], how: str) -> Callable[[], object]:
        if self._order == LOST:
            return lambda: None
        if self._limit:
            return self._fail(*self._limit)
        if last.get("event") == "done":
            return partial(self._finish_or_say_why, last["code_digest"])
        if last.get("event") == "failed" and last["code"] not in _AGAIN:
            if last["code"] == "artifact_corrupt":
                return partial(self._corrupt, last)
            return self._fail(last["code"], last["message"])
        if self._life.stopping.is_set() and self._order != CANCEL:
            return self._let_go("worker_stopped", "The worker of its node was stopped.", blameless=True)
        return self._let_go(last.get("code", "process_ended"), last.get("message") or how)

    def _finish_or_say_why(self, code_digest: str) -> None:
        """A store that is away for a while costs no result; one that stays away is told of, by its name."""
        for pause in (*self._pace.store, 0):
            try:
                return self._finish(code_digest)
            except DATABASE_AWAY:
                raise
            except Exception as error:
                self._log.warning("the result could not be registered", exc_info=True)
                code, why = _refusal(error)
            if self._life.stopping.wait(pause):
                self._let_go("worker_stopped", f"The worker of its node was stopped. {why}", blameless=True)()
                return
        self._fail(code, why)()

    def _finish(self, code_digest: str) -> None:
        written = self._directory / "answers.json"
        answers = Answers(**json.loads(written.read_text())) if written.exists() else None
        about: dict[str, Any] = {"job_id": self._id, "lease": self._lease, "code_digest": code_digest}
        if self._learns:
            services.job_finish(**about, result=self._directory / "result", answers=answers)
        else:
            assert answers is not None, "the child says that it is done when its answers are written"
            services.evaluation_finish(**about, answers=answers)

    def _corrupt(self, last: dict[str, Any]) -> None:
        """A file of parent or champion is not what was registered: nobody else should use it either."""
        told = {"path": last["path"], "reason": last["message"], "reported_by": f"training job {self._id}"}
        version_mark_corrupt(version_id=last["version"], **told)
        self._fail(last["code"], last["message"])()

    def _fail(self, code: str, reason: str) -> Callable[[], object]:
        return partial(services.job_fail, job_id=self._id, lease=self._lease, code=code, reason=reason)

    def _let_go(self, code: str, reason: str, *, blameless: bool = False) -> Callable[[], object]:
        about: dict[str, Any] = {"code": code[:40], "reason": reason.replace("\0", ""), "blameless": blameless}
        return partial(services.job_let_go, job_id=self._id, lease=self._lease, **about)

    # --- heartbeats and words -------------------------------------------------------------------------------------

    def _may_go_on(self) -> bool:
        return self._order == GO_ON and not self._limit and not self._life.stopping.is_set()

    @contextmanager
    def _beating(self) -> Iterator[None]:
        thread = threading.Thread(target=self._beat_until_ended, name=f"training-{self._id}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _beat_until_ended(self) -> None:
        while not self._ended.wait(self._pace.beat):
            report = self._watch.report()
            answer = self._told(partial(services.job_beat, job_id=self._id, lease=self._lease, report=report))
            if isinstance(answer, str):
                self._order = answer
            else:
                self._watch.untold(report)
            self._limit = self._limit or exceeded(self._watch.taken(report.memory_bytes), self._allowed)
        connections.close_all()

    def _say(self, words: Callable[[], object]) -> None:
        """Say how it ended, after the newest progress; a worker that must stop gives up, as silence says it too."""
        self._told(partial(services.job_beat, job_id=self._id, lease=self._lease, report=self._watch.report()))
        give_up: float | None = None
        while self._told(words) is _AWAY:
            if self._life.stopping.is_set():
                give_up = give_up or time.monotonic() + self._pace.last_word
                if time.monotonic() > give_up:
                    return
            threading.Event().wait(self._pace.again)

    def _told(self, say: Callable[[], object]) -> Any:
        try:
            return say()
        except DATABASE_AWAY as error:
            self._log.warning("the database is away; the training goes on", reason=str(error).strip())
            return _AWAY
        except Exception:
            self._log.exception("a job's news could not be told")
            return None
        finally:
            close_old_connections()


def _is_full(error: Exception) -> bool:
    return isinstance(error, StorageFull) or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)


def _refusal(error: Exception) -> tuple[str, str]:
    """Code and sentence of what kept a result from being registered."""
    what = str(error) if isinstance(error, QuartetError) else f"{type(error).__name__}: {error}."
    own = error.code if isinstance(error, QuartetError) else "host_failed"
    return "disk_full" if _is_full(error) else own, f"Its result could not be registered: {what}"


def _roomiest() -> str:
    """The CUDA device with the most memory free, where there is one."""
    found = devices()
    return str(max(found, key=lambda each: each["memory_free"])["name"]) if found else "cpu"


_AWAY = object()
