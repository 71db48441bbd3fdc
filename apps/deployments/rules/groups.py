"""How a revision groups a manifest's stages: each group is served by replicas of its own, and hands on one output.

A group stands for its stages in the request's path, so nothing inside it may be seen from outside: its stages take the
same things from outside, and only its last stage hands on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.deployments.errors import BadSpec
from apps.registry.rules.stages import in_order

#: Of a manifest, with `hook` and `after` spelt out (apps/registry/rules/stages.py).
ManifestStage = Mapping[str, Any]
_APART = "Give them groups of their own."


@dataclass(frozen=True, slots=True)
class Hop:
    """One group in a request's path: the indices of the groups it hands on to, and how many hand on to it."""

    group: str
    then: tuple[int, ...]
    joins: int


def arranged(groups: Iterable[Mapping[str, Any]], stages: Sequence[ManifestStage]) -> list[dict[str, Any]]:
    """The groups ({name, steps, ...}) with steps and groups in the order in which a request meets them.

    Raises BadSpec unless they hold each stage of the manifest once and each group is whole.
    """
    order = in_order(stages)
    known = [{**group, "steps": list(group["steps"])} for group in groups]
    _check_names(known)
    _check_steps(known, order)
    for group in known:
        group["steps"].sort(key=order.index)
    for group in known:
        _check_entry(group, stages)
        _check_exit(group, stages)
    # Sorting by the last step is enough: a group's last step is the only one that others wait for.
    return sorted(known, key=lambda group: order.index(group["steps"][-1]))


def hops(groups: Sequence[Mapping[str, Any]], stages: Sequence[ManifestStage]) -> list[Hop]:
    """The path of a request through arranged groups."""
    place = {step: index for index, group in enumerate(groups) for step in group["steps"]}
    givers = [{place[name] for name in _outside(group["steps"], stages)} for group in groups]
    return [
        Hop(group["name"], tuple(i for i, gives in enumerate(givers) if index in gives), len(givers[index]))
        for index, group in enumerate(groups)
    ]


def _outside(steps: Sequence[str], stages: Iterable[ManifestStage]) -> set[str]:
    return {name for stage in stages if stage["name"] in steps for name in stage["after"] if name not in steps}


def _check_names(groups: Sequence[Mapping[str, Any]]) -> None:
    if len({group["name"] for group in groups}) != len(groups):
        raise BadSpec("Two stages have the same name.")


def _check_steps(groups: Sequence[Mapping[str, Any]], order: Sequence[str]) -> None:
    steps = [step for group in groups for step in group["steps"]]
    if sorted(steps) != sorted(order) or not all(group["steps"] for group in groups):
        raise BadSpec(f"The stages together must hold the steps {', '.join(order)}, each once.")


def _check_entry(group: Mapping[str, Any], stages: Iterable[ManifestStage]) -> None:
    """A group gets one thing, so all of its steps that take from outside must mean the same by it."""
    steps = set(group["steps"])
    takers: dict[frozenset[str], str] = {}
    for stage in stages:
        taken = frozenset(name for name in stage["after"] if name not in steps)
        if stage["name"] in steps and (taken or not stage["after"]):
            takers.setdefault(taken, stage["name"])
    if len(takers) > 1:
        (some, one), (others, other), *_ = takers.items()
        raise BadSpec(
            f"In the stage '{group['name']}' the step '{one}' takes {_what(some)} and '{other}' takes {_what(others)}, "
            f"but the steps of a stage get the same. {_APART}"
        )


def _check_exit(group: Mapping[str, Any], stages: Iterable[ManifestStage]) -> None:
    steps, exit_ = group["steps"], group["steps"][-1]
    for stage in stages:
        for name in stage["after"]:
            if name in steps and name != exit_ and stage["name"] not in steps:
                raise BadSpec(
                    f"The stage '{group['name']}' hands on only the output of its last step, '{exit_}', but the step "
                    f"'{stage['name']}' takes the output of '{name}' as well. Put '{stage['name']}' into the stage "
                    f"'{group['name']}', or end that stage with '{name}'."
                )
    inner = {name for stage in stages if stage["name"] in steps for name in stage["after"]}
    idle = next((step for step in steps if step != exit_ and step not in inner), None)
    if idle:
        raise BadSpec(
            f"The stage '{group['name']}' holds the steps '{idle}' and '{exit_}', of which neither takes from the "
            f"other. {_APART}"
        )


def _what(names: frozenset[str]) -> str:
    return f"the output of {' and '.join(sorted(names))}" if names else "the request's inputs"
