"""The artifacts that one trained model is written as: the same weights, asked with other files."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from workers.training.digits_av.artifact import digits_av, talking_digits
from workers.training.digits_av.clips import TalkingDigit
from workers.training.digits_av.evaluate import Accuracy
from workers.training.digits_av.held_out import HeldOutSample
from workers.training.digits_av.manifest import clips_manifest, pairs_manifest

#: A request as it is warmed up with: input -> name and content of its file.
Request = dict[str, tuple[str, bytes]]


@dataclass(frozen=True)
class Flavour:
    """What an artifact of it is made of."""

    code: tuple[ModuleType, ...]  # their files are copied into it
    manifest: Callable[[Accuracy, list[dict[str, str]]], dict[str, Any]]
    requests: Callable[[Iterable[Any]], list[Request]]  # from held-out samples


def _pair_requests(samples: Iterable[HeldOutSample]) -> list[Request]:
    """Each with both modalities, then one with each alone."""
    both: list[Request] = [
        {"image": (f"{digit}.png", png), "sound": (f"{digit}.wav", wav)} for digit, png, wav in samples
    ]
    return both + [{name: both[0][name]} for name in ("image", "sound") if both]


def _clip_requests(samples: Iterable[TalkingDigit]) -> list[Request]:
    return [{"clip": (f"{digit}.mp4", file)} for digit, file in samples]


#: A picture file, a sound file or both.
PAIRS = Flavour((digits_av,), pairs_manifest, _pair_requests)
#: A video of a digit that is shown and spoken.
CLIPS = Flavour((digits_av, talking_digits), clips_manifest, _clip_requests)
FLAVOURS = {"pairs": PAIRS, "clips": CLIPS}
