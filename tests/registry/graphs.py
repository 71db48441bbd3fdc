"""Manifests whose stages branch and meet again."""

from typing import Any


def stage(name: str, *after: str, hook: str | None = None) -> dict[str, Any]:
    """One stage after the others named; without any it takes the request's inputs."""
    return {"name": name, "handler": "h:H", "device": "cpu", "hook": hook, "after": list(after)}


#: Eyes and ears, each with a model of its own, that meet in a third.
BRANCHES = [
    stage("eyes", hook="preprocess"),
    stage("ears", hook="preprocess"),
    stage("see", "eyes"),
    stage("hear", "ears"),
    stage("fuse", "see", "hear"),
    stage("postprocess", "fuse"),
]
