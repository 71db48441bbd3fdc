"""Makes a replica ready and serves.

verify every byte -> load the handler -> warm up -> reach the queue -> ready -> batch loop.
"""

import logging
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec

from workers.serving import device, handlers, hooks, media
from workers.serving.artifact import ArtifactCorrupt, verify
from workers.serving.batch_loop import BatchLoop, Limits
from workers.serving.events import EventChannel
from workers.serving.heartbeat import Heartbeat
from workers.serving.pipeline import EngineDied, Pipeline
from workers.serving.replica_spec import FailedStart, ReplicaSpec
from workers.serving.routing import InputSpec
from workers.serving.spool import predictions
from workers.serving.stage_stream import StageStream
from workers.serving.valkey import FAILED, may_pass, pauses
from workers.serving.valkey.sync_link import SyncLink
from workers.serving.warmup import WarmupFailed, warm_up

log = logging.getLogger(__name__)

#: Errors of ours, whose text is a sentence; of any other the type is told too.
_TOLD = (handlers.HandlerMissing, WarmupFailed, EngineDied)


def serve(spec: ReplicaSpec, events: EventChannel, stop: threading.Event) -> None:
    """Start and serve until `stop`. Raises FailedStart before it is ready, anything else when its engine died."""
    pipeline, told = start(spec)
    spool = predictions(spec.record_spool)
    heartbeat = Heartbeat(spec.redis_url, spec.replica, spool)
    stream = StageStream(SyncLink(spec.redis_url), spec.stream, spec.replica, spool)
    if _reach(heartbeat, stream, stop):
        events.send("ready", **told)
    heartbeat.start()
    try:
        BatchLoop(stream, pipeline, heartbeat, Limits(spec.stage, spec.batch_max, spec.batch_bytes), stop).run()
        _leave(stream)
    finally:
        heartbeat.stop()


def start(spec: ReplicaSpec) -> tuple[Pipeline, dict[str, Any]]:
    """Everything that can be done without the queue, and what to tell of it. Raises FailedStart."""
    directory = Path(spec.directory)
    try:
        verify(directory, spec.files)
    except (ArtifactCorrupt, OSError) as error:
        raise FailedStart("artifact_corrupt", str(error), getattr(error, "path", None)) from error
    began = time.perf_counter()
    context = _context(spec, directory)
    pipeline = _load(spec, context)
    loaded = time.perf_counter()
    _warm_up(pipeline, context, spec.batch_max)
    return pipeline, {
        "device": context.device,
        "memory_bytes": _memory(context.device),
        "load_ms": round((loaded - began) * 1000, 1),
        "warmup_ms": round((time.perf_counter() - loaded) * 1000, 1),
    }


def _reach(heartbeat: Heartbeat, stream: StageStream, stop: threading.Event) -> bool:
    """Beat once and join the group, however long it takes; a replica no request can reach is not ready."""
    rests = pauses()
    while not stop.is_set():
        try:
            heartbeat.beat()
            stream.join()
            return True
        except FAILED as error:
            if not may_pass(error):
                raise
            log.warning("not ready yet, Valkey is away or takes no writes: %s", error)
            stop.wait(next(rests))
    return False


def _context(spec: ReplicaSpec, directory: Path) -> hooks.Context:
    try:
        for each in msgspec.convert(spec.manifest["inputs"], list[InputSpec]):
            media.check_decodable(each)
    except (media.NotDecodable, msgspec.ValidationError) as error:
        raise FailedStart("handler_failed", f"The manifest cannot be served: {error}") from error
    try:
        chosen = device.choose(spec.device)
    except device.DeviceMissing as error:
        raise FailedStart("device_missing", str(error)) from error
    return hooks.Context(directory, chosen, spec.manifest, spec.steps)


def _load(spec: ReplicaSpec, context: hooks.Context) -> Pipeline:
    sys.dont_write_bytecode = True  # a __pycache__ in the artifact would be a file that is not part of the version
    try:
        made = handlers.make(context.directory, spec.manifest, spec.steps)
        for handler in {id(each): each for each in made.values()}.values():
            handler.load(context)
    except Exception as error:
        raise _failed("handler_failed", error) from error
    _limit_torch(spec.threads)
    return Pipeline(spec.manifest, made, spec.batch_max, spec.batch_bytes)


def _warm_up(pipeline: Pipeline, context: hooks.Context, batch_max: int) -> None:
    try:
        warm_up(pipeline, context, batch_max)
    except Exception as error:
        raise _failed("warmup_failed", error) from error


def _failed(code: str, error: Exception) -> FailedStart:
    log.error("%s", code, exc_info=error)
    code = "out_of_memory" if device.is_out_of_memory(error) else code
    told = str(error) if isinstance(error, _TOLD) else f"{type(error).__name__}: {error}"
    return FailedStart(code, told[:500])


def _limit_torch(threads: int) -> None:
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def _memory(chosen: str) -> int:
    """Bytes: this process's peak of resident memory, and of device memory where there is one.

    From /proc rather than getrusage, whose peak begins with that of the process that started this one.
    """
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
    on_device = sys.modules["torch"].cuda.max_memory_reserved() if chosen.startswith(device.CUDA) else 0
    return peak + int(on_device)


def _leave(stream: StageStream) -> None:
    try:
        stream.leave()
    except FAILED as error:
        log.warning("the replica stays in its group: %s", error)
