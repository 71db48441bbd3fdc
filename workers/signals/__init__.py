"""What one sample is like, in numbers that need no label: the signals that drift is looked for in, a file a modality.

Every `describe` takes what a handler is given (decoded media) and answers finite numbers, categories, and an
`embedding` that is made without a model. What cannot be told of a sample (the pitch of
silence) is absent, never NaN. Pure: numpy and Pillow, no torch, no Django, no IO.
"""

from collections.abc import Callable, Mapping
from typing import Any

from workers.signals import audio, image, text, video
from workers.signals.agreement import agreement
from workers.signals.finite import Signals, Value, finite

__all__ = ["MODALITIES", "Signals", "Value", "agreement", "describe", "described", "finite"]

_DESCRIBE: dict[str, Callable[..., Signals]] = {
    "text": text.describe,
    "image": image.describe,
    "audio": audio.describe,
    "video": video.describe,
}
MODALITIES = _DESCRIBE.keys()


def describe(name: str, modality: str, value: Any, sample_rate: int | None = None) -> Mapping[str, Value]:
    """The signals of one input of one sample as `<input>.<signal>`; `sample_rate` (Hz) belongs to a sound.

    `value` is str, a uint8 picture (h, w) or (h, w, 3), a float32 sound (n,) or a media Video. Raises KeyError for a
    modality that has no signals.
    """
    return {f"{name}.{signal}": each for signal, each in described(modality, value, sample_rate).items()}


def described(modality: str, value: Any, sample_rate: int | None = None) -> Signals:
    """The same of a medium that belongs to no input, as `<signal>`."""
    more = {"sample_rate": sample_rate} if modality == "audio" else {}
    return _DESCRIBE[modality](value, **more)
