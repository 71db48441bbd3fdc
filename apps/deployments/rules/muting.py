"""Whether an input may be muted: whether the model can answer without it, and still has something to answer from."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from apps.deployments.errors import InputNeeded, InputUnknown
from apps.deployments.rules.spec import REJECT, setting


def check(manifest: Mapping[str, Any], spec: Mapping[str, Any], muted: Collection[str], name: str) -> None:
    """Raise unless the input `name` of a version with this manifest, served by this spec, may be muted besides those
    that are: InputUnknown, or InputNeeded saying why."""
    inputs: Sequence[Mapping[str, Any]] = manifest["inputs"]
    by_name = {each["name"]: each for each in inputs}
    if name not in by_name:
        raise InputUnknown(f"The model has no input '{name}'; it takes {', '.join(by_name)}.")
    if by_name[name].get("required", True):
        raise InputNeeded(f"The model cannot answer without the input '{name}': its manifest requires it.")
    if setting(spec, "missing_inputs") == REJECT:
        raise InputNeeded(
            f"The deployment is not to answer without '{name}': its live revision rejects requests that lack an input."
        )
    left = {*by_name} - {*muted} - {name}
    needed = {*(manifest.get("require_any") or by_name)}
    if not left & needed:
        raise InputNeeded(f"'{name}' is the last input that the model could answer from.")


def allowed(manifest: Mapping[str, Any], spec: Mapping[str, Any], muted: Sequence[str]) -> list[str]:
    """Those of the muted inputs, in their order, that may be muted where this version is served by this spec."""
    kept: list[str] = []
    for name in muted:
        try:
            check(manifest, spec, kept, name)
        except (InputUnknown, InputNeeded):
            continue
        kept.append(name)
    return kept
