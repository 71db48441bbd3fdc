"""Manifests whose stages branch and meet again, as the registry keeps them, and groups of their stages."""

from typing import Any

from apps.registry.rules.stages import spelt
from tests.registry import graphs

BRANCHES = spelt(graphs.BRANCHES)


def group(name: str, *steps: str, **fields: Any) -> dict[str, Any]:
    """One stage of a revision's specification."""
    return {"name": name, "steps": list(steps), **fields}
