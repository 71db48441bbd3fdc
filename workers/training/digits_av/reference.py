"""What the model's inputs and answers were like when it was measured: `reference.json`, by which drift is noticed.

Each file of the test part is described by the very code that describes kept inputs, as it would have been sent; the
model is asked in turn with both, with the picture alone and with the sound alone.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from apps.drift.rules.kinds import CONFIDENCE, PREDICTION
from apps.drift.rules.profile import build
from workers.file_signals import described
from workers.serving.tensors import BYTES, Tensor
from workers.signals import agreement
from workers.training.digits_av.artifact.digits_av import DigitsAV
from workers.training.digits_av.corpus import Corpus
from workers.training.digits_av.held_out import to_png, to_wav
from workers.training.digits_av.pairs import Pairs
from workers.training.digits_av.train import Features

FILE = "reference.json"
_SAMPLES = 900
#: Which inputs the model is asked with, in turn.
_SENSES = BOTH, PICTURE, SOUND = (("image", "sound"), ("image",), ("sound",))
_MODALITIES = {"image": "image", "sound": "audio"}


def reference(model: DigitsAV, features: Features, data: Corpus, samples: Pairs) -> bytes:
    """The profile of the first samples of the test part, as one JSON object."""
    told = _answers(model, features, samples)
    found = [{**_inputs(data, samples, place), **told[place]} for place in range(min(_SAMPLES, len(samples)))]
    return build(found, _MODALITIES).to_json().encode()


def _senses(place: int) -> tuple[str, ...]:
    return _SENSES[place % len(_SENSES)]


def _inputs(data: Corpus, samples: Pairs, place: int) -> dict[str, Any]:
    """The signals of what the request at this place brings, by their whole names."""
    found: dict[str, Any] = {}
    for name in _senses(place):
        picture = name == "image"
        raw = to_png(data.pictures[samples.pictures[place]]) if picture else to_wav(data.sounds[samples.sounds[place]])
        _, _, told = described(_MODALITIES[name], Tensor(BYTES, (), [raw]))
        found |= {f"{name}.{signal}": _value(value) for signal, value in told["signals"].items()}
    return found


def _value(value: Any) -> Any:
    return np.array(value, np.float32) if isinstance(value, list) else value


@torch.inference_mode()
def _answers(model: DigitsAV, features: Features, samples: Pairs) -> list[dict[str, Any]]:
    """What the model says of each of the first samples, as its predictions are recorded."""
    model.eval()
    count = min(_SAMPLES, len(samples))
    pixels, mels = features.pixels[samples.pictures[:count]], features.mels[samples.sounds[:count]]
    by_senses = {
        BOTH: model(pixels, mels).logits,
        PICTURE: model(pixels, None).logits,
        SOUND: model(None, mels).logits,
    }
    scores = {senses: logits.softmax(dim=1).numpy() for senses, logits in by_senses.items()}
    told = [_told(scores[_senses(place)][place]) for place in range(count)]
    return [
        each | _agreed({senses: rows[place] for senses, rows in scores.items()}, place)
        for place, each in enumerate(told)
    ]


def _agreed(scores: Mapping[tuple[str, ...], np.ndarray], place: int) -> dict[str, Any]:
    """How far the model agrees with itself with an input hidden, of a request that brings both: as workers/agreement.py
    asks running deployments."""
    if _senses(place) != BOTH:
        return {}
    return dict(agreement(scores[BOTH], {"image": scores[SOUND], "sound": scores[PICTURE]}))


def _told(scores: np.ndarray) -> dict[str, Any]:
    return {PREDICTION: str(int(scores.argmax())), CONFIDENCE: float(f"{scores.max():.6g}")}
