"""A revision of another version with everything else as the live one has it: what retraining asks for."""

from collections.abc import Mapping
from typing import Any

from apps.core.models import User
from apps.deployments.errors import NothingToFollow, VersionUnfit
from apps.deployments.models import Deployment, Revision
from apps.deployments.rules.spec import setting
from apps.deployments.services.revisions import revision_request
from apps.registry.models import ModelVersion

_AS_IT_IS = ("surge", "keep_s", "missing_inputs", "record")


def revision_follow(
    *,
    actor: User,
    deployment: Deployment,
    version: ModelVersion,
    strategy: str,
    canary: Mapping[str, Any] | None = None,
    shadow: Mapping[str, Any] | None = None,
    note: str = "",
) -> Revision:
    """Ask, as `revision_request` does, for `version` with the live revision's specification, let in by `strategy`.

    Stages that are of the live version become those of `version`; those of another version stay. Raises NothingToFollow
    where nothing is live, VersionUnfit where another model is, and what `revision_request` raises.
    """
    live = deployment.live_revision
    if live is None:
        raise NothingToFollow(f"Nothing is live behind '{deployment.name}'.")
    if live.version.model_id != version.model_id:
        raise VersionUnfit(f"{live.version} is live behind '{deployment.name}', and {version} is of another model.")
    return revision_request(
        actor=actor,
        deployment=deployment,
        version=version,
        stages=[_group(group, live.version, version) for group in live.spec["stages"]],
        timeout_ms=live.spec["timeout_ms"],
        max_in_flight=live.spec["max_in_flight"],
        strategy=strategy,
        canary=canary,
        shadow=shadow,
        note=note,
        **{name: setting(live.spec, name) for name in _AS_IT_IS},
    )


def _group(group: Mapping[str, Any], live: ModelVersion, version: ModelVersion) -> dict[str, Any]:
    return {**group, "version": version.number if group["version"] == live.number else group["version"]}
