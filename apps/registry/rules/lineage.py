"""What a version was made from, in its publisher's words."""

from collections.abc import Mapping
from typing import Any

from apps.registry.errors import BadLineage

KEYS = ("dataset", "code", "notes")
_LONGEST = 2000


def lineage_check(lineage: Mapping[str, Any]) -> dict[str, str]:
    """All of KEYS, empty where `lineage` does not say; raises BadLineage."""
    unknown = sorted(set(lineage) - set(KEYS))
    if unknown:
        raise BadLineage(f"Lineage has no '{unknown[0]}'.")
    for key, value in lineage.items():
        if not isinstance(value, str) or len(value) > _LONGEST or "\0" in value:
            raise BadLineage(f"The lineage's '{key}' is not a text of at most {_LONGEST} characters.")
    return {key: lineage.get(key, "") for key in KEYS}
