"""A training job's own process: `python -m workers.training.child`.

    stdin    one JSON line, the spec (apps/training/selectors.py job_spec), then silence; its end means the host is gone
    stdout   JSON lines: live -> progress ... -> done, or failed, or stopped
    SIGTERM  keep a checkpoint, exit 0

It knows no database: its samples lie in its directory, and so do its checkpoints and its result. Started again on the
same directory, it goes on where the newest checkpoint left off.
"""

import fcntl
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import setproctitle

from workers.serving.events import EventChannel
from workers.stopping import on_signals

log = logging.getLogger(__name__)

_NICE = 10
#: It should be the first to go when memory runs out, before any replica.
_OOM_SCORE = 800
#: Seconds from the order to stop until it is gone, whatever it is doing.
_STOP_SECONDS = 20.0
_LOCK_SECONDS = 30.0


def main() -> int:
    """Exit code 0 when all was said: done, failed or stopped."""
    events = EventChannel()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    spec = json.loads(sys.stdin.buffer.readline())
    setproctitle.setproctitle(f"quartet: training {spec['job']}")
    events.send("live", pid=os.getpid())
    _stand_back(int(spec["parameters"]["threads"]))
    stop = threading.Event()
    on_signals((signal.SIGTERM,), lambda: _stop_soon(stop))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the host decides
    threading.Thread(target=_await_end, args=(stop,), name="stdin", daemon=True).start()
    try:
        with _alone(Path(spec["directory"])):
            from workers.training.work import run  # only now: numerical libraries read the limits as they are imported

            run(spec, events, stop)
    except BaseException as error:
        from workers.training.faults import told

        log.exception("the job ends")
        events.send("failed", **told(error, learns=spec["learns"]))
    return 0


def _stand_back(threads: int) -> None:
    """Serving comes first: few threads, a low priority for processor and disk."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.nice(_NICE)
    with suppress(OSError, psutil.Error):
        psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_OOM_SCORE))


def _await_end(stop: threading.Event) -> None:
    while os.read(0, 1024):
        pass
    log.info("the host is gone")
    _stop_soon(stop)


def _stop_soon(stop: threading.Event) -> None:
    """After the step under way; a step that hangs is not waited for."""
    stop.set()
    timer = threading.Timer(_STOP_SECONDS, os._exit, (3,))
    timer.daemon = True
    timer.start()


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Hold the directory's lock, which falls with the process. An orphan of a killed host ends within seconds."""
    with (directory / ".lock").open("w") as handle:
        give_up = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > give_up:
                    raise BlockingIOError(error.errno, "Another process trains in this directory") from error
                time.sleep(0.1)
        yield


if __name__ == "__main__":
    sys.exit(main())
