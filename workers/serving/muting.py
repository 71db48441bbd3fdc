"""Inputs that the routing names as muted: what a model is given of a request that brings one. Pure: no IO, no clock.

A muted input is left out as if it had not come, where the model can answer from the others. Where it cannot, an answer
from muted inputs is better than none: they are used, and the answer says so.
"""

from collections.abc import Collection

from workers.serving.routing import DeploymentRoute
from workers.serving.tensors import Sample


def brought(route: DeploymentRoute, inputs: Collection[str]) -> tuple[str, ...]:
    """The muted ones among a request's inputs."""
    return tuple(name for name in route.muted if name in inputs)


def are_used(route: DeploymentRoute, inputs: Collection[str]) -> bool:
    """Whether a request's muted inputs are used all the same: without them the model would have nothing to go by."""
    rest = [name for name in inputs if name not in route.muted]
    return not (any(name in rest for name in route.require_any) if route.require_any else rest)


def without(samples: list[Sample], muted: Collection[str]) -> list[Sample]:
    """The samples but for these inputs."""
    return [{name: tensor for name, tensor in sample.items() if name not in muted} for sample in samples]
