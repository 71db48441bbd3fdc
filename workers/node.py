"""This accelerator worker as a node: it says every second that it is there, and goodbye when it stops."""

import re
import signal
import socket
import threading
from typing import Any
from uuid import UUID

import structlog
from celery.platforms import EX_OK
from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from celery.worker import state
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections

from apps.core.ids import new_id
from apps.deployments.services import node_away, node_beat
from workers import machine
from workers.queues import node_queue
from workers.stopping import on_signals

log = structlog.get_logger(__name__)

#: Replicas that a worker hosts at once; training jobs come on top (QUARTET_TRAINING_SLOTS).
REPLICA_SLOTS = 64
#: What a database that is away raises.
DATABASE_AWAY = (OperationalError, InterfaceError)


def node_name() -> str:
    """QUARTET_NODE, or else the host's name, as one plain word."""
    host = re.sub(r"[^A-Za-z0-9.-]+", "-", socket.gethostname())[:63].strip("-.")
    return settings.QUARTET_NODE or host or "node"


class NodeLife:
    """One life of an accelerator worker. Its incarnation is time-ordered: a later life's is greater."""

    def __init__(self, name: str, incarnation: UUID | None = None, beat_seconds: float = 1.0) -> None:
        self.name = name
        self.incarnation = incarnation or new_id()
        #: Set when the worker is stopping: hosts then drain their children.
        self.stopping = threading.Event()
        self._beat_seconds = beat_seconds
        self._slots = 0
        self._thread = threading.Thread(target=self._run, name="node", daemon=True)

    def start(self, slots: int) -> None:
        """Begin to say that the node is there and may host `slots` replicas."""
        self._slots = slots
        self._thread.start()

    def finish(self, seconds: float) -> None:
        """Say goodbye, waiting for at most `seconds`."""
        self.stopping.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self.stopping.is_set():
            if not self._tell(lambda: node_beat(name=self.name, incarnation=self.incarnation, facts=self._facts())):
                log.error("another accelerator worker has taken this node's name; give each its own", node=self.name)
            self.stopping.wait(self._beat_seconds)
        self._tell(lambda: node_away(name=self.name, incarnation=self.incarnation))

    def _facts(self) -> Any:
        return machine.facts(self._slots)

    def _tell(self, say: Any) -> bool:
        """What `say` returns; nothing that goes wrong is a reason to stop: the next beat says the same."""
        try:
            return bool(say())
        except DATABASE_AWAY as error:
            log.warning("the database is away; replicas go on", node=self.name, reason=str(error).strip())
            return True
        except Exception:
            log.exception("the node could not say that it is there", node=self.name)
            return True
        finally:
            close_old_connections()


#: This process's life, should it be an accelerator worker.
LIFE = NodeLife(node_name())


@worker_ready.connect
def _begin(sender: Any, **kwargs: Any) -> None:
    """Other workers import this module too; the one that reads the node's own queue is the node."""
    if node_queue(LIFE.name) in sender.app.amqp.queues.consume_from:
        on_signals((signal.SIGTERM,), _stop_when_drained)
        LIFE.start(sender.pool.limit - settings.QUARTET_TRAINING_SLOTS)  # a training job has a thread of its own


def _stop_when_drained() -> None:
    """SIGTERM: hosts drain and return, and then the worker ends, as every task has.

    Remapped to Celery's cold shutdown, SIGTERM would first wait and then cancel the tasks, which threads do not allow.
    """
    LIFE.stopping.set()
    state.should_stop = EX_OK  # type: ignore[assignment]  # its stub knows only the value at start


@worker_shutting_down.connect
def _stop(**kwargs: Any) -> None:
    LIFE.stopping.set()


@worker_shutdown.connect
def _end(**kwargs: Any) -> None:
    LIFE.finish(5.0)
