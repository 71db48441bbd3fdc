"""A small part and results for it, built fresh by each call."""

from typing import Any

from bench.part import Column, Part, Target

SPEED, WAIT = "many_rps", "one_p50_ms"


def part(*targets: Target, **changes: Any) -> Part:
    """Two measures, no slices."""
    about: dict[str, Any] = {
        "name": "race",
        "title": "A race",
        "prose": "Who is faster.",
        "columns": (Column(SPEED, "64 connections", "requests/s"), Column(WAIT, "1 connection, p50", "ms", 2)),
        "targets": targets,
        "slices": lambda seconds: {},
        "chart": SPEED,
        "compared": SPEED,
    }
    return Part(**about | changes)


def result(rows: dict[str, dict[str, list[float]]], **changes: Any) -> dict[str, Any]:
    """One part's results as a run keeps them."""
    machine = {"cpu": "A chip", "cores": 2, "memory_gib": 4.0, "kernel": "Linux 6", "python": "3.11.2", "busy": 0.1}
    return {
        "date": "2026-01-02",
        "commit": "abc123",
        "machine": machine,
        "rounds": 5,
        "seconds": 5.0,
        "versions": {"mosec": "0.9.8"},
        "rows": rows,
        "reasons": {},
    } | changes
