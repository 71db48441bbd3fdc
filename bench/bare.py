"""The models without any server, each in a process of its own."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import install
from bench.errors import Unavailable
from bench.models import MODEL, WEIGHTS
from bench.processes import environment
from bench.text import BATCH

_PATIENCE = 120.0


@dataclass(frozen=True)
class Bare:
    """What a model does in a loop: samples a second, MiB, and its answer to the text that is sent."""

    rps: float
    rss_mb: float
    answer: Sequence[float]


def run(model: str, seconds: float, weights: Path | None = None, module: str = "bench.models.bare") -> Bare:
    """Batches of the largest size, one after another, for so long. Raises Unavailable."""
    extra = {MODEL: model, WEIGHTS: str(weights or install.minilm_weights())}
    command = [str(install.python("model")), "-m", module, str(seconds), str(BATCH)]
    try:
        told = subprocess.run(
            command, env=environment(extra), capture_output=True, text=True, timeout=seconds + _PATIENCE
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"the bare model did not end within {error.timeout:.0f} s") from error
    if told.returncode:
        raise Unavailable(f"the bare model failed: {told.stderr.strip()[-160:]}")
    return Bare(**json.loads(told.stdout.splitlines()[-1]))
