"""The models that every server serves. Each module has `load(weights, variant)`, which gives the batched predict.

Nothing here imports Quartet: these files run in the peers' environments and travel inside Quartet's artifacts.
"""

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Texts -> float32 [texts, width].
Predict = Callable[[list[str]], Any]

MODEL = "BENCH_MODEL"  # environment: "<module>" or "<module>-<variant>"
WEIGHTS = "BENCH_WEIGHTS"  # environment: the directory of its weights


def chosen() -> Predict:
    """The model that the environment names, loaded."""
    module, _, variant = os.environ[MODEL].partition("-")
    load = importlib.import_module(f"{__name__}.{module}").load
    return load(Path(os.environ.get(WEIGHTS, ".")), variant)  # type: ignore[no-any-return]
