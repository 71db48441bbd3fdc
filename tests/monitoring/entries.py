"""Entries as gateways write them, for tests."""

from collections.abc import Mapping
from typing import Any

from apps.monitoring.rules.entries import Entry
from workers.serving.sketch import noted


def row(
    deployment: str = "digits",
    revision: int = 1,
    requests: int = 1,
    latency: Mapping[str, int] | None = None,
    sketches: Mapping[str, Mapping[str, int]] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """One revision's part of an entry; all latencies are 10 ms unless told otherwise. `latency` and `sketches` hold
    values with their counts, as text."""
    told = {"latency": latency if latency is not None else {"10": requests} if requests else {}, **(sketches or {})}
    counted = {name: noted((float(value), n) for value, n in values.items()) for name, values in told.items()}
    about = {"deployment": deployment, "revision": revision, "requests": requests, "samples": requests}
    return about | {"sketches": _as_json(counted)} | more


def _as_json(sketches: Mapping[str, Mapping[int, int]]) -> dict[str, dict[str, int]]:
    return {name: {str(key): n for key, n in buckets.items()} for name, buckets in sketches.items() if buckets}


def entry(seq: int, *rows: dict[str, Any], to: float = 1_000_000_005.0, gateway: str = "gw-1", **more: Any) -> Entry:
    """The gateway's `seq`-th entry, ending at `to` in unix seconds."""
    fields = {"gateway": gateway, "seq": seq, "from": to - 0.5, "to": to, "in_flight": 0, "dropped": 0}
    return Entry.model_validate(fields | {"rows": list(rows)} | more)
