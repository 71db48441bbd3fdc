"""One entry a gateway on `quartet:metrics` each half second with traffic, and each five seconds without.

    {"gateway": id, "seq": n, "from": unix, "to": unix, "second": unix, "in_flight": n, "dropped": n, "rows": [row...]}
    row = {"deployment", "revision", "requests": n, "errors": {code: n}, "inputs": {name: requests that carried it},
           "samples": n, "seconds": s of the answered, "sketches": {name: {bucket: n}},
           "stages": {name: {"requests": n, "queued": s, "busy": s, "batches": n, "steps": {name: s}}}}

Sketches (sketch.py) are "latency" (ms, answered requests), "confidence" (samples), "stage/<step>" (ms of the batch
that a request was in), "queue/<stage>" (ms it waited) and "batch/<stage>" (samples of that batch).

Entries end on half seconds, so what they tell belongs to one second, `second`. `seq` grows by one an entry: a reader
finds repeats (same gateway and seq) and gaps by it. While Valkey is away the newest MAX_WAITING entries are kept; the
requests counted in older ones add up in `dropped`, since the gateway began.
"""

import asyncio
import logging
from collections import deque
from typing import Any

import orjson
import redis.asyncio

from workers.serving import clock, names, sketch
from workers.serving.accounts import Accounts, Place, Row, StageRow
from workers.serving.admission import Admission
from workers.serving.sketch import Buckets
from workers.serving.valkey import AWAY

log = logging.getLogger(__name__)

PERIOD = 0.5  # seconds
QUIET_PERIODS = 10  # so that a silent gateway is told from a dead one
MAX_WAITING = 120  # entries kept while Valkey is away
STREAM_LENGTH = 20_000


class MetricsStream:
    """Publishes the accounts' windows; `run` runs for ever."""

    def __init__(self, client: redis.asyncio.Redis, gateway: str, accounts: Accounts, admission: Admission) -> None:
        self.dropped = 0
        self._client = client
        self._gateway = gateway
        self._accounts = accounts
        self._admission = admission
        self._waiting: deque[dict[str, Any]] = deque()
        self._sequence = 0
        self._from = clock.now()
        self._quiet = 0

    async def run(self) -> None:
        """Publish, for ever."""
        while True:
            await asyncio.sleep(PERIOD - clock.now() % PERIOD)
            await self.publish()

    async def publish(self) -> None:
        """Close the window and send what waits, oldest first."""
        self._collect()
        try:
            while self._waiting:
                entry = orjson.dumps(self._waiting[0], option=orjson.OPT_NON_STR_KEYS)
                await self._client.xadd(names.METRICS, {"m": entry}, maxlen=STREAM_LENGTH, approximate=True)
                self._waiting.popleft()
        except AWAY:
            return  # kept, and bounded by _collect
        except redis.exceptions.ResponseError as error:
            log.error("Valkey refused a metrics entry: %s", error)

    def _collect(self) -> None:
        window = self._accounts.close_window()
        self._quiet = 0 if window else self._quiet + 1
        if window or self._quiet % QUIET_PERIODS == 0:
            self._waiting.append(self._entry(window))
        while len(self._waiting) > MAX_WAITING:
            self.dropped += sum(row["requests"] for row in self._waiting.popleft()["rows"])

    def _entry(self, window: dict[Place, Row]) -> dict[str, Any]:
        self._sequence += 1
        begin, self._from = self._from, clock.now()
        return {
            "gateway": self._gateway,
            "seq": self._sequence,
            "from": begin,
            "to": self._from,
            "second": int(self._from - PERIOD / 2),  # that which the window's middle was in
            "in_flight": self._admission.requests,
            "dropped": self.dropped,
            "rows": [_row(place, row) for place, row in window.items()],
        }


def _row(place: Place, row: Row) -> dict[str, Any]:
    return {
        "deployment": place[0],
        "revision": place[1],
        "requests": row.requests,
        "errors": dict(row.errors),
        "inputs": dict(row.inputs),
        "samples": row.samples,
        "seconds": round(row.good_seconds, 6),
        "sketches": _sketches(row),
        "stages": {name: _stage(stage) for name, stage in row.stages.items()},
    }


def _sketches(row: Row) -> dict[str, Buckets]:
    """What there is of each."""
    sketches = {"latency": row.latency, "confidence": row.confidence}
    for name, stage in row.stages.items():
        sketches[f"queue/{name}"] = stage.queue
        sketches[f"batch/{name}"] = sketch.noted(stage.sizes.items())
        for step, span in stage.spans.items():
            sketches[f"stage/{step}"] = span
    return {name: buckets for name, buckets in sketches.items() if buckets}


def _stage(row: StageRow) -> dict[str, Any]:
    return {
        "requests": row.requests,
        "queued": round(row.queued_seconds, 6),
        "busy": round(row.busy_seconds, 6),
        "batches": round(row.batches, 3),
        "steps": {step: round(seconds, 6) for step, seconds in row.steps.items()},
    }
