"""Writes to the metrics stream as a gateway does."""

import json
import time
from typing import Any

from redis import Redis

from apps.console.figures import milliseconds
from apps.monitoring.rules.sketches import quantile
from tests.monitoring.entries import row
from workers.serving.names import METRICS
from workers.serving.sketch import noted


def shown(ms: float) -> str:
    """How a page shows a time that a sketch keeps: within 1 %."""
    return milliseconds(quantile(noted([(ms, 1)]), 0.5))


class Feed:
    """One gateway; its entries end at the present moment."""

    def __init__(self, valkey: Redis) -> None:
        self.valkey = valkey
        self.seq = 0

    def push(self, deployment: str = "digits", revision: int = 2, requests: int = 10, **more: Any) -> float:
        """One entry; returns the moment it was written, by time.monotonic."""
        self.seq += 1
        moment = time.time()
        fields = {"gateway": "gw-feed", "seq": self.seq, "from": moment - 0.5, "to": moment, "in_flight": 1}
        entry = fields | {"dropped": 0, "rows": [row(deployment, revision, requests, **more)]}
        self.valkey.xadd(METRICS, {"m": json.dumps(entry)})
        return time.monotonic()
