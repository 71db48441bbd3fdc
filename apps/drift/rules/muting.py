"""Answering from the healthy modalities: which inputs a finished run says to mute, and which to give again. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from apps.drift.rules.states import State

_HEALTHY = (State.STEADY, State.CONSTANT)


class Decision(NamedTuple):
    """Names of inputs, in the order in which the model has them."""

    mute: tuple[str, ...] = ()
    heal: tuple[str, ...] = ()


def decide(modalities: Mapping[str, str], states: Mapping[str, str]) -> Decision:
    """`modalities` are those of the model's inputs, `states` a run's by group; a group is a modality.

    What drifted is muted as long as some other modality was looked at and found steady. Where all that was looked at
    drifted none is healthier than the others, and all are given. What a run could not judge stays as it is.
    """
    found = {name: states.get(modality) for name, modality in modalities.items()}
    drifted = tuple(name for name, state in found.items() if state == State.DRIFTED)
    healthy = tuple(name for name, state in found.items() if state in _HEALTHY)
    if State.STEADY in found.values():
        return Decision(drifted, healthy)
    all_of_them = bool(drifted) and all(state == State.DRIFTED for state in found.values() if state)
    return Decision((), healthy + (drifted if all_of_them else ()))
