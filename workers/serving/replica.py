"""A replica: one child process that serves one stage of one revision. `python -m workers.serving.replica`

    stdin    one JSON line (ReplicaSpec), then silence; its end means the host is gone -> drain
    stdout   JSON lines: live -> ready -> drained, or failed
    SIGTERM  drain: finish the batch under way, exit 0

It is *live* at boot, *ready* only after the warm-up and once it has reached Valkey, and gone (exit not 0) the moment
its engine dies.
"""

import logging
import os
import signal
import sys
import threading

import msgspec
import setproctitle

from workers.serving.events import EventChannel
from workers.serving.replica_spec import FailedStart, ReplicaSpec
from workers.stopping import on_signals

log = logging.getLogger(__name__)


def main() -> int:
    """Live from the spec on stdin to the drained event; the exit code is 0 only after a drain."""
    events = EventChannel()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    events.send("live", pid=os.getpid())
    stop = threading.Event()
    on_signals((signal.SIGTERM,), stop.set)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the host decides
    try:
        _serve(_read_spec(), events, stop)
    except FailedStart as error:
        log.error("%s: %s", error.code, error)
        events.send("failed", code=error.code, message=str(error), path=error.path)
        return 1
    except BaseException as error:  # a handler's sys.exit is the engine's death too
        log.exception("the replica ends")
        events.send("failed", code="engine_died", message=f"{type(error).__name__}: {error}"[:500])
        return 1
    events.send("drained")
    return 0


def _serve(spec: ReplicaSpec, events: EventChannel, stop: threading.Event) -> None:
    setproctitle.setproctitle(f"quartet: replica {spec.replica} of {spec.deployment}:{spec.revision}:{spec.stage}")
    _watch_stdin(stop)
    _limit_threads(spec.threads)
    from workers.serving import engine  # only now: numerical libraries read the limits when they are imported

    engine.serve(spec, events, stop)


def _read_spec() -> ReplicaSpec:
    try:
        return msgspec.json.decode(sys.stdin.buffer.readline(), type=ReplicaSpec)
    except msgspec.DecodeError as error:
        raise FailedStart("spec_wrong", f"The spec on stdin cannot be read: {error}") from error


def _watch_stdin(stop: threading.Event) -> None:
    def wait_for_end() -> None:
        while os.read(0, 1024):
            pass
        log.info("the host is gone; draining")
        stop.set()

    threading.Thread(target=wait_for_end, name="stdin", daemon=True).start()


def _limit_threads(threads: int) -> None:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"


if __name__ == "__main__":
    sys.exit(main())
