"""Signals by name: what kind of value each has, and which group it speaks for.

`<input>.<signal>` is of one input, and its group is the input's modality. The model's own are `prediction`,
`confidence` and `agreement`, and `<input>.agreement` (its answer with that input hidden).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import numpy as np

#: What the samples of a profile or a window are: values by signal, each sample its own.
Sample = Mapping[str, Any]

PREDICTION, CONFIDENCE, AGREEMENT = "prediction", "confidence", "agreement"
_MISSING = "missing"


class Kind(StrEnum):
    """How a signal is compared."""

    NUMBER = "number"
    CATEGORY = "category"
    EMBEDDING = "embedding"


def kind_of(value: object) -> Kind | None:
    """The kind of one value; None for what is no signal."""
    if isinstance(value, str | bool | np.bool_):
        return Kind.CATEGORY
    if isinstance(value, int | float | np.number):
        return Kind.NUMBER
    return Kind.EMBEDDING if isinstance(value, np.ndarray | list | tuple) else None


def group_of(name: str, modalities: Mapping[str, str]) -> str:
    """The modality of the signal's input, or the model's own group; the head of the name where it is neither."""
    head, _, signal = name.partition(".")
    if signal == AGREEMENT:
        return AGREEMENT
    return modalities.get(head, head) if signal else head


def missing(name: str) -> str:
    """The signal that tells whether a sample lacks the input."""
    return f"{name}.{_MISSING}"


def is_missing(name: str) -> bool:
    """Whether it is such a signal."""
    return name.partition(".")[2] == _MISSING


def has_input(sample: Sample, name: str) -> bool:
    """Whether the sample has any signal of the input, besides the model's agreement with it hidden."""
    head, agreed = f"{name}.", f"{name}.{AGREEMENT}"
    for key in sample:  # noqa: SIM110  (any() takes twice as long, and every sample of a window comes by)
        if key.startswith(head) and key != agreed:
            return True
    return False
