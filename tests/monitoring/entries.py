"""Entries as gateways write them, for tests."""

from typing import Any

from apps.monitoring.rules.entries import Entry


def row(deployment: str = "digits", revision: int = 1, requests: int = 1, **more: Any) -> dict[str, Any]:
    """One revision's part of an entry; all latencies are 10 ms unless told otherwise."""
    latency = {"10.0": requests} if requests else {}
    return {"deployment": deployment, "revision": revision, "requests": requests, "latency": latency} | more


def entry(seq: int, *rows: dict[str, Any], to: float = 1_000_000_005.0, gateway: str = "gw-1", **more: Any) -> Entry:
    """The gateway's `seq`-th entry, ending at `to` in unix seconds."""
    fields = {"gateway": gateway, "seq": seq, "from": to - 0.5, "to": to, "in_flight": 0, "dropped": 0}
    return Entry.model_validate(fields | {"rows": list(rows)} | more)
