"""Deployments of a model that sees and hears, and can do without either."""

from typing import Any

from apps.deployments.models import Deployment
from tests.deployments.makers import MANIFEST, Fleet, make_deployment, make_revision, make_version
from tests.world import World


def sense(name: str, modality: str, required: bool = False) -> dict[str, Any]:
    return {"name": name, "modality": modality, "datatype": "BYTES", "shape": [-1], "required": required}


IMAGE, SOUND, TEXT = sense("image", "image"), sense("sound", "audio"), sense("text", "text")
SENSES = MANIFEST | {"inputs": [IMAGE, SOUND], "require_any": ["image", "sound"]}


def go_live_sensing(
    world: World, fleet: Fleet, deployment: Deployment | None = None, number: int = 1, **changes: Any
) -> Deployment:
    """A deployment whose live revision's manifest is `SENSES` with these changes."""
    deployment = deployment or make_deployment(world)
    spec = changes.pop("spec", {})
    version = make_version(world, number, manifest=SENSES | changes)
    fleet.go_live(world, deployment, make_revision(world, deployment, version, **spec))
    deployment.refresh_from_db()
    return deployment
