"""The stages of a manifest as a graph: who takes from whom, with the defaults spelt out.

The oldest manifests, and the rows that keep them, name neither `hook` nor `after`: `spelt` reads them as what they
always meant, so everything downstream sees one form.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

Hook = Literal["preprocess", "predict", "postprocess"]
PREPROCESS, PREDICT, POSTPROCESS = get_args(Hook)
#: The hook of a stage that does not name one, by the stage's name; any other name means `predict`.
HOOK_BY_NAME = {"preprocess": PREPROCESS, "infer": PREDICT, "postprocess": POSTPROCESS}

Stage = Mapping[str, Any]


def spelt(stages: Iterable[Stage]) -> list[dict[str, Any]]:
    """The stages with `hook` and `after` filled in, in the order given."""
    filled: list[dict[str, Any]] = []
    for stage in stages:
        before = [filled[-1]["name"]] if filled else []
        hook = stage.get("hook") or HOOK_BY_NAME.get(stage["name"], PREDICT)
        after = stage.get("after")
        filled.append({**stage, "hook": hook, "after": before if after is None else list(after)})
    return filled


def in_order(stages: Sequence[Stage]) -> list[str]:
    """Names such that each comes after all that it takes from, as near to the given order as that allows.

    Of spelt stages; those on a circle, and those that only a circle leads to, are left out.
    """
    placed: dict[str, None] = {}
    left = list(stages)
    while ready := next((stage for stage in left if all(name in placed for name in stage["after"])), None):
        placed[ready["name"]] = None
        left.remove(ready)
    return list(placed)


def last(stages: Sequence[Stage]) -> list[str]:
    """Names of the spelt stages from which no other takes."""
    taken = {name for stage in stages for name in stage["after"]}
    return [stage["name"] for stage in stages if stage["name"] not in taken]


def graph_fault(stages: Sequence[Stage]) -> str:
    """What is wrong with spelt stages, as the predicate of a sentence; empty where nothing is."""
    names = [stage["name"] for stage in stages]
    for stage in stages:
        if fault := _edges_fault(stage, names):
            return fault
    ordered = in_order(stages)
    if len(ordered) < len(names):
        circle = ", ".join(name for name in names if name not in ordered)
        return f"has stages that wait for each other in a circle: {circle}; take one name out of an 'after'"
    return _ends_fault(stages)


def _edges_fault(stage: Stage, names: Sequence[str]) -> str:
    name, after = stage["name"], stage["after"]
    for other in after:
        if other not in names:
            return f"has the stage '{name}' after '{other}', which is no stage; there are {', '.join(names)}"
    if len(set(after)) < len(after):
        return f"has the stage '{name}' after the same stage twice"
    if not after and stage["hook"] != PREPROCESS:
        return f"has the stage '{name}' take the request's inputs, so its hook must be {PREPROCESS}"
    return ""


def _ends_fault(stages: Sequence[Stage]) -> str:
    hooks = {stage["name"]: stage["hook"] for stage in stages}
    ends = last(stages)
    if len(ends) != 1:
        return (
            f"must end in one stage, and has {', '.join(ends)}; let a last stage with the hook {POSTPROCESS} come after"
            " them all"
        )
    if hooks[ends[0]] != POSTPROCESS:
        return f"ends in the stage '{ends[0]}', so its hook must be {POSTPROCESS}"
    early = next((name for name, hook in hooks.items() if hook == POSTPROCESS and name != ends[0]), None)
    if early:
        return f"has the stage '{early}' with the hook {POSTPROCESS} before the last stage; only the last one has it"
    return ""


def same_graph(some: Iterable[Stage], others: Iterable[Stage]) -> bool:
    """Whether two manifests have the same stages: names, hooks and who takes from whom. Handlers may differ."""
    return _shape(some) == _shape(others)


def _shape(stages: Iterable[Stage]) -> set[tuple[str, str, frozenset[str]]]:
    return {(stage["name"], stage["hook"], frozenset(stage["after"])) for stage in spelt(stages)}
