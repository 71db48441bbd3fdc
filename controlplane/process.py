"""`python -m controlplane.process NAME`: one of Quartet's processes, tied to its supervisor's life.

Names: web, gateway, ingest, records, control, accelerator, analysis, beat.
"""

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress

#: Seconds a process has to end by itself once its supervisor is gone.
_GRACE = 15.0


def web() -> None:
    """Dashboard, REST, admin and websockets under uvicorn."""
    import uvicorn

    _django()
    _spool_beside_uploads()
    uvicorn.run(
        "controlplane.asgi:application",
        host=os.environ.get("QUARTET_BIND") or "127.0.0.1",
        port=int(os.environ.get("QUARTET_PORT") or 8400),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
        ws_max_size=64 * 1024,
    )


def gateway() -> None:
    """The inference plane: no Django, so that it answers while web restarts."""
    from workers.serving.gateway import main

    sys.exit(main())


def ingest() -> None:
    """What happened on the hot path, into the database and out to dashboards."""
    _django()
    from workers.ingest import main

    main()


def records() -> None:
    """Predictions and kept inputs, into the database and the asset store."""
    _django()
    from workers.records import main

    main()


def control() -> None:
    """What is due each second, and a Celery worker of short tasks: relay, reconcile, webhooks."""
    _django()
    from workers.ticker import start

    start(threading.Event())
    _worker("-c", "4", "-Q", "control", "-n", "control@%h")


def accelerator() -> None:
    """Celery worker that hosts this node's replicas: a thread a child process."""
    _django()
    from workers.node import node_name
    from workers.queues import node_queue

    name = node_name()
    _worker("-c", "64", "-Q", node_queue(name), "-n", f"accelerator@{name}")


def analysis() -> None:
    """Celery worker of what computes for seconds over what is recorded; numpy and scipy come with the first run."""
    _django()
    from apps.drift.services import QUEUE

    _worker("-c", "2", "-Q", QUEUE, "-n", "analysis@%h")


def beat() -> None:
    """The ticking clock: only the holder of a PostgreSQL advisory lock ticks, the others wait."""
    _django()
    from controlplane.beat import hold_beat_lock

    hold_beat_lock()
    _celery("beat", "--scheduler", "celery.beat.Scheduler", "--pidfile=")


PROCESSES: dict[str, Callable[[], None]] = {
    f.__name__: f for f in (web, gateway, ingest, records, control, accelerator, analysis, beat)
}


def _worker(*arguments: str) -> None:
    """A Celery worker of threads. It does not talk with other workers: nodes and replicas have heartbeats of ours, and
    Celery's would wake every worker for each other's every two seconds."""
    _celery("worker", "-P", "threads", "--without-gossip", "--without-mingle", "--without-heartbeat", *arguments)


def _celery(*arguments: str) -> None:
    # A supervisor's SIGTERM then hands unfinished messages back instead of waiting for them for ever.
    os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")
    from controlplane.celery import app

    app.start(argv=[*arguments, "--loglevel", os.environ.get("QUARTET_LOG_LEVEL") or "INFO"])


def _django() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlplane.settings")
    django.setup()


def _spool_beside_uploads() -> None:
    """Where bodies lie before a view sees them: the system's own directory may be small, or in memory."""
    from apps.registry.storage import staging_root

    with suppress(OSError):  # each upload then says what is wrong
        staging_root().mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(staging_root())


def _follow_supervisor() -> None:
    """End when the supervisor does: it holds the other end of a pipe, which closes however it died."""
    raw = os.environ.pop("QUARTET_LIFELINE_FD", "")
    if raw:
        threading.Thread(target=_await_end, args=(int(raw),), name="lifeline", daemon=True).start()


def _await_end(fd: int) -> None:
    while os.read(fd, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)


def main() -> None:
    """Run the process named on the command line until it is told to stop."""
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in PROCESSES:
        sys.exit(f"Which process? Use one of: {', '.join(PROCESSES)}.")
    _follow_supervisor()
    from setproctitle import setproctitle

    setproctitle(f"quartet: {name}")
    PROCESSES[name]()


if __name__ == "__main__":
    main()
