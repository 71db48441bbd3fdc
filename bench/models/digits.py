"""The digits pipeline without a server: PNG and WAV bytes to scores, batch after batch. Prints JSON.

python -m bench.models.digits SECONDS BATCH         the artifact is where BENCH_WEIGHTS says
"""

import importlib.util
import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import soundfile
import torch
from PIL import Image

from bench.models import WEIGHTS
from bench.models.bare import tell
from bench.models.media import samples


class Pipeline:
    """Decoding, features, model, scores; on one thread."""

    def __init__(self, artifact: Path) -> None:
        torch.set_num_threads(1)
        self._handler = _handler(artifact)
        self._handler.load(SimpleNamespace(directory=artifact, device="cpu", stages=("preprocess", "infer")))

    def __call__(self, samples: list[tuple[bytes, bytes]]) -> list[dict[str, Any]]:
        """The answers to (PNG, WAV) samples."""
        features = [self._handler.preprocess({"image": _picture(png), "sound": _sound(wav)}) for png, wav in samples]
        return [self._handler.postprocess(each) for each in self._handler.predict(features)]


def _handler(artifact: Path) -> Any:
    spec = importlib.util.spec_from_file_location("digits_av", artifact / "digits_av.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["digits_av"] = module
    spec.loader.exec_module(module)
    return module.DigitsHandler()


def _picture(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def _sound(wav: bytes) -> np.ndarray:
    wave: np.ndarray = soundfile.read(io.BytesIO(wav), dtype="float32")[0]
    return wave


def main(seconds: float, batch: int) -> None:
    artifact = Path(os.environ[WEIGHTS])
    pipeline, known = Pipeline(artifact), samples(artifact)
    full = [known[place % len(known)] for place in range(batch)]
    tell(lambda: len(pipeline(full)), seconds, lambda: [float(each) for each in pipeline(known[:1])[0]["scores"]])


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
