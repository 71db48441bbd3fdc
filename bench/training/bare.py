"""The limit of a training job: the same steps in a plain loop, without checkpoints, reports or limits. Prints JSON.

python -m bench.training.bare ARTIFACT DIRECTORY STEPS BATCH RATE
"""

import io
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import torch
from PIL import Image

from bench.training.data import place
from workers.training.digits_av.artifact.digits_av import load_model, log_mel, picture_pixels
from workers.training.digits_av.pairs import Pairs
from workers.training.digits_av.train import Features, arguments


def main(artifact: Path, directory: Path, steps: int, batch: int, rate: float) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    random = torch.Generator().manual_seed(0)
    features, pairs = _read(directory)
    model = load_model(artifact)
    weights = list(model.parameters())
    optimizer = torch.optim.AdamW(weights, rate, weight_decay=0.05, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, pct_start=0.15)
    model.train()
    began = time.perf_counter()
    for _ in range(steps):
        chosen = torch.randint(len(pairs), (batch,), generator=random).numpy()
        loss = model(**arguments(features, pairs, chosen, random)).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
    print(json.dumps({"samples_per_s": steps * batch / (time.perf_counter() - began), "loss": loss.item()}))


def _read(directory: Path) -> tuple[Features, Pairs]:
    rows = json.loads((directory / "train.json").read_text())
    pictures, sounds = ([place(directory, row["inputs"][name]) for row in rows] for name in ("image", "sound"))
    pixels = torch.stack([picture_pixels(np.asarray(Image.open(path))) for path in pictures])
    mels = torch.stack([log_mel(_sound(path.read_bytes())) for path in sounds])
    every = np.arange(len(rows))
    return Features(pixels, mels), Pairs(every, every, np.array([int(row["label"]) for row in rows], np.int64))


def _sound(raw: bytes) -> np.ndarray:
    wave: np.ndarray = soundfile.read(io.BytesIO(raw), dtype="float32")[0]
    return wave


def _arguments(given: Sequence[str]) -> tuple[Path, Path, int, int, float]:
    artifact, directory, steps, batch, rate = given
    return Path(artifact), Path(directory), int(steps), int(batch), float(rate)


if __name__ == "__main__":
    main(*_arguments(sys.argv[1:]))
