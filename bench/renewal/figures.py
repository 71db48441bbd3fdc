"""What a retraining came to, out of its job as the control plane tells it. Pure."""

from collections.abc import Mapping
from typing import Any

from bench.errors import Unavailable
from bench.part import Figures
from bench.renewal.sets import FILMS, TWEETS


def before(job: Mapping[str, Any]) -> Figures:
    """What the version that was live has right, in percent."""
    return {name: 100 * _slice(job, name)["champion"] for name in (FILMS, TWEETS)}


def after(job: Mapping[str, Any], labelled: int) -> Figures:
    """What the candidate has right, by how much that is more or less, and what it took."""
    films, tweets = _slice(job, FILMS), _slice(job, TWEETS)
    return {
        "tweets": 100 * tweets["candidate"],
        "films": 100 * films["candidate"],
        "gained": 100 * (tweets["candidate"] - tweets["champion"]),
        "lost": 100 * (films["champion"] - films["candidate"]),
        "labelled": float(labelled),
        "seconds": float(job["seconds"]),
        "passed": 100.0 if _evaluation(job)["passed"] else 0.0,
    }


def _slice(job: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    for row in _evaluation(job)["figures"]:
        if row["slice"] == name:
            return dict(row)
    raise Unavailable(f"job {job['id']} was not measured on {name}")


def _evaluation(job: Mapping[str, Any]) -> Mapping[str, Any]:
    if job["state"] != "done":
        raise Unavailable(f"job {job['id']} ({job['recipe']}) is {job['state']}: {job['reason']}")
    if not job["evaluation"]:
        raise Unavailable(f"job {job['id']} ({job['recipe']}) brought no evaluation")
    return dict(job["evaluation"])
