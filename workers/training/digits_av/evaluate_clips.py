"""How often the model is right on clips, decoded and prepared as a replica does it."""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import msgspec
import numpy as np

from workers.serving import media
from workers.serving.routing import InputSpec
from workers.training.digits_av.artifact.digits_av import DigitsAV, save_model
from workers.training.digits_av.artifact.talking_digits import TalkingDigitsHandler
from workers.training.digits_av.clips import TalkingDigit
from workers.training.digits_av.evaluate import Accuracy
from workers.training.digits_av.manifest import clip_input


def evaluate_clips(model: DigitsAV, clips: Iterable[TalkingDigit]) -> Accuracy:
    """Measure the model on each clip as it is, on its frames alone and on its sound alone."""
    handler, spec = _handler(model), msgspec.convert(clip_input(), InputSpec)
    right = np.array([_right(handler, media.decode(spec, file), digit) for digit, file in clips])
    both, picture, sound = (round(float(share), 4) for share in right.mean(axis=0))
    return Accuracy(both, picture, sound, *[len(right)] * 3)


def _handler(model: DigitsAV) -> TalkingDigitsHandler:
    handler = TalkingDigitsHandler()
    with tempfile.TemporaryDirectory() as directory:
        save_model(model, Path(directory))
        handler.load(SimpleNamespace(directory=Path(directory), device="cpu", stages=("infer",)))
    return handler


def _right(handler: TalkingDigitsHandler, clip: media.Video, digit: int) -> list[bool]:
    features = handler.preprocess({"clip": clip})
    asked = [features, *({name: value} for name, value in features.items())]  # a clip has both, in this order
    return [int(each["logits"].argmax()) == digit for each in handler.predict(asked)]
