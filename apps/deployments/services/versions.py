"""Which versions the groups of a revision are of, and whether they may run: checked before anything is loaded."""

from collections.abc import Mapping
from typing import Any

from apps.deployments import selectors
from apps.deployments.errors import BadSpec, VersionUnfit, WillNotFit
from apps.deployments.rules.placement import device_class, never_fits
from apps.registry.models import ModelVersion
from apps.registry.rules.stages import same_graph
from apps.registry.selectors import version_by_ref


def group_versions(version: ModelVersion, spec: Mapping[str, Any]) -> dict[int, ModelVersion]:
    """The versions that the specification's groups are of, by number.

    Raises NotFound, BadSpec where one is no fit for `version`, VersionUnfit, or WillNotFit.
    """
    versions = {version.number: version}
    for group in spec["stages"]:
        if group["version"] not in versions:
            versions[group["version"]] = _other(version, group)
    for each in versions.values():
        if each.state != ModelVersion.State.READY:
            raise VersionUnfit(f"Version {each} is {each.state}: {each.state_reason}")
    for group in spec["stages"]:
        _check_memory(versions[group["version"]], group)
    return versions


def _other(version: ModelVersion, group: Mapping[str, Any]) -> ModelVersion:
    other = version_by_ref(version.model, group["version"])
    here, there = version.manifest, other.manifest
    if not same_graph(here["stages"], there["stages"]):
        raise BadSpec(
            f"Stage '{group['name']}' is of version {other.number}, whose manifest has other stages than version "
            f"{version.number}.",
            remedy="Use a version with the same stages, hooks and order, or leave the stage's version out.",
        )
    if here["inputs"] != there["inputs"]:
        raise BadSpec(
            f"Stage '{group['name']}' is of version {other.number}, which takes other inputs than version "
            f"{version.number}.",
            remedy="Use a version with the same inputs, or leave the stage's version out.",
        )
    return other


def _check_memory(version: ModelVersion, group: Mapping[str, Any]) -> None:
    """An estimate is no reason to refuse: placement finds out."""
    if version.memory_bytes is None:
        return
    device = device_class(group["device"], group["steps"], version.manifest["stages"])
    if reason := never_fits(version.memory_bytes, device, selectors.nodes_whole()):
        raise WillNotFit(f"Version {version} will not fit. {reason}", needed_bytes=version.memory_bytes)
