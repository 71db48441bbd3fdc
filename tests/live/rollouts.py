"""What a rollout's own record tells of its end."""

from datetime import datetime
from typing import Any

from controlplane.demo.rest import Ci


def way_back(api: Ci, ended: dict[str, Any]) -> tuple[datetime, datetime, datetime]:
    """When a rollout, as REST tells it, was found to fail, sent back, and followed by every gateway."""
    entries = api.ask("GET", f"audit?target=deployment:{ended['deployment']}")["results"]
    revision = ended["to_revision"]
    [back] = [
        each["at"]
        for each in entries
        if each["action"] == "rollout.reverting" and each["detail"]["revision"] == revision
    ]
    return tuple(map(datetime.fromisoformat, (ended["comparison"]["at"], back, ended["moved_at"])))  # type: ignore[return-value]
