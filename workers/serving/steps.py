"""The steps of a pipeline as a graph: what each is called with, and which of them run here. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PREPROCESS, PREDICT, POSTPROCESS = "preprocess", "predict", "postprocess"

#: The steps of most models.
STEPS = ("preprocess", "infer", "postprocess")

#: The hook that a stage of this name is served by, unless its manifest says otherwise.
_USUAL = {"preprocess": PREPROCESS, "infer": PREDICT, "postprocess": POSTPROCESS}


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of the manifest. `after` are the stages it takes from; without any it takes the request's inputs."""

    name: str
    handler: str
    hook: str
    after: tuple[str, ...]
    is_last: bool


def steps(manifest: Mapping[str, Any]) -> list[Step]:
    """All stages of a manifest, each behind those it takes from."""
    stages = manifest["stages"]
    after = {stage["name"]: _after(stages, place) for place, stage in enumerate(stages)}
    taken = {name for names in after.values() for name in names}
    found = [
        Step(
            stage["name"],
            stage["handler"],
            stage.get("hook") or _USUAL.get(stage["name"], PREDICT),
            after[stage["name"]],
            stage["name"] not in taken,
        )
        for stage in stages
    ]
    return _sorted(found)


def hosted(manifest: Mapping[str, Any], names: Iterable[str]) -> list[Step]:
    """Those of the stages that run in this process, in order."""
    wanted = set(names)
    return [step for step in steps(manifest) if step.name in wanted]


def _after(stages: list[Mapping[str, Any]], place: int) -> tuple[str, ...]:
    """What the manifest says, or else the stage before it in the list."""
    told = stages[place].get("after")
    if told is not None:
        return tuple(told)
    return (stages[place - 1]["name"],) if place else ()


def _sorted(found: list[Step]) -> list[Step]:
    """Topologically, keeping the manifest's order otherwise; the manifest was checked for circles when registered."""
    order: list[Step] = []
    done: set[str] = set()
    while len(order) < len(found):
        ready = [step for step in found if step.name not in done and done.issuperset(step.after)]
        if not ready:
            raise ValueError("the manifest's stages wait for each other in a circle")
        order += ready[:1]
        done.add(ready[0].name)
    return order
