"""Which versions the groups of a revision are of, and whether they may run: checked before anything is loaded."""

from collections.abc import Iterable, Mapping
from typing import Any

from apps.deployments import selectors
from apps.deployments.errors import BadSpec, VersionUnfit, WillNotFit
from apps.deployments.rules.placement import device_class, never_fits
from apps.deployments.rules.spec import group_version
from apps.registry.models import ModelVersion
from apps.registry.rules.stages import same_graph
from apps.registry.selectors import version_by_ref


def group_versions(version: ModelVersion, groups: Iterable[Mapping[str, Any]]) -> dict[int, ModelVersion]:
    """The versions that the groups are of, by number; `version` is among them.

    Raises NotFound, BadSpec where one is no fit for `version`, or VersionUnfit.
    """
    versions = {version.number: version}
    for group in groups:
        number = group_version(group, version.number)
        if number not in versions:
            versions[number] = _other(version, number, str(group.get("name", "")))
    for each in versions.values():
        if each.state != ModelVersion.State.READY:
            raise VersionUnfit(f"Version {each} is {each.state}: {each.state_reason}")
    return versions


def check_memory(versions: Mapping[int, ModelVersion], spec: Mapping[str, Any]) -> None:
    """WillNotFit where a group of the specification was measured larger than any node."""
    for group in spec["stages"]:
        _check_memory(versions[group["version"]], group)


def _other(version: ModelVersion, number: int, stage: str) -> ModelVersion:
    other = version_by_ref(version.model, number)
    here, there = version.manifest, other.manifest
    if not same_graph(here["stages"], there["stages"]):
        raise BadSpec(
            f"Stage '{stage}' is of version {other.number}, whose manifest has other stages than version "
            f"{version.number}.",
            remedy="Use a version with the same stages, hooks and order, or leave the stage's version out.",
        )
    if here["inputs"] != there["inputs"]:
        raise BadSpec(
            f"Stage '{stage}' is of version {other.number}, which takes other inputs than version {version.number}.",
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
