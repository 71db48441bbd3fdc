"""How far the model's answers to a pair agree when it only sees, only hears, and does both, for the reference profile.

The same signals that a running deployment is asked for aside from its traffic (workers/agreement.py).
"""

import numpy as np
import torch

from workers.signals import agreement
from workers.training.digits_av.artifact.digits_av import DigitsAV, DigitsHandler
from workers.training.digits_av.pairs import Pairs
from workers.training.digits_av.train import Features

_BATCH = 256


def agreements(model: DigitsAV, features: Features, samples: Pairs) -> list[dict[str, float]]:
    """`agreement`, `image.agreement` and `sound.agreement` of each pair."""
    both = _scores(model, features.pixels[samples.pictures], features.mels[samples.sounds])
    seen = _scores(model, features.pixels[samples.pictures], None)
    heard = _scores(model, None, features.mels[samples.sounds])
    return [
        agreement(whole, {"image": without_image, "sound": without_sound})
        for whole, without_image, without_sound in zip(both, heard, seen, strict=True)
    ]


@torch.inference_mode()
def _scores(model: DigitsAV, pixels: torch.Tensor | None, mels: torch.Tensor | None) -> list[np.ndarray]:
    """(10,) of each sample, as the handler gives them."""
    model.eval()
    count = len(pixels) if pixels is not None else len(mels) if mels is not None else 0
    logits = [
        model(*(None if each is None else each[start : start + _BATCH] for each in (pixels, mels))).logits.numpy()
        for start in range(0, count, _BATCH)
    ]
    handler = DigitsHandler()
    return [handler.postprocess({"logits": row})["scores"] for row in np.concatenate(logits)]
