"""The one rule of all descriptions: a number is finite or it is not there."""

import math
from collections.abc import Mapping

import numpy as np

#: A number, a category, or an embedding: float32 (d,).
Value = float | str | np.ndarray
Signals = dict[str, Value]


def finite(values: Mapping[str, Value | None]) -> Signals:
    """Without what is unknown (None) or holds no finite number; single numbers become Python's floats."""
    return {name: plain for name, value in values.items() if (plain := _plain(value)) is not None}


def _plain(value: Value | None) -> Value | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, np.ndarray):
        return value if np.isfinite(value).all() else None
    return float(value) if math.isfinite(value) else None
