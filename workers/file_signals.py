"""A media file by its bytes: its type and the signals of workers/signals, as docs/drift.md has them, decoded as a
replica would. Kept inputs are described by this (describe.py), and so are the samples of a reference profile: only so
can the two be compared.

The bytes may be anything. What cannot be read is told as its `problem`; what would take too long to decode as
`skipped`, with the signals that the head of the file tells. Knows no app.
"""

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import soundfile
from PIL import Image

from workers import signals
from workers.serving import media
from workers.serving.media import audio, container, image
from workers.serving.routing import InputSpec
from workers.serving.tensors import BYTES, Tensor, numbers_of
from workers.signals import Signals, Value

#: What is decoded at most: pixels of a picture, seconds of a sound or a video, and pixels of all frames of a video.
PIXELS_MOST = 16_000_000
SECONDS_MOST = 120
FRAME_PIXELS_MOST = 90_000_000

_BINARY = "application/octet-stream"
_PICTURES = {name: media_type for media_type, name in image.FORMATS.items()} | {"MPO": "image/jpeg"}
_SOUNDS = {name: media_type for media_type, names in reversed(audio.FILES.items()) for name in names}
_ORIENTATION, _ON_ITS_SIDE = 0x0112, range(5, 9)  # of EXIF


@dataclass
class _Found:
    """What is known so far of the file; it stays when the rest cannot be read."""

    raw: bytes
    media_type: str = _BINARY
    signals: Signals = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)

    def look_into(self, modality: str, too_much: str = "", **limits: Any) -> None:
        """Decode and describe it, unless it is too much; `limits` are those of an InputSpec."""
        if too_much:
            self.more["skipped"] = too_much
            return
        value = media.decode(_spec(modality, **limits), self.raw)
        self.signals = signals.described(modality, value, limits.get("sample_rate"))

    def descriptors(self) -> dict[str, Any]:
        """Plain JSON."""
        told = {name: _plain(value) for name, value in signals.finite(self.signals).items()}
        return self.more | ({"signals": told} if told else {})


def described(modality: str, tensor: Tensor) -> tuple[bytes, str, dict[str, Any]]:
    """The bytes of one input of one sample, their media type and what they are like, as plain JSON."""
    found = _Found(_raw(tensor))
    several = isinstance(tensor.data, list) and len(tensor.data) != 1
    look = _BY_MODALITY.get(modality)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            look(found) if look and not several else _binary(found, tensor)
    except Exception as error:  # whatever a decoder thinks of it
        found.more["problem"] = _problem(modality, error)
    return found.raw, found.media_type, {"modality": modality, **found.descriptors()}


def _raw(tensor: Tensor) -> bytes:
    """A file is kept as it came, numbers as they lie; several elements of BYTES each after their length."""
    if not isinstance(tensor.data, list):
        return bytes(tensor.data)
    if len(tensor.data) == 1:
        return bytes(tensor.data[0])
    return b"".join(len(each).to_bytes(4, "little") + each for each in tensor.data)


def _text(found: _Found) -> None:
    found.look_into("text")
    found.media_type = "text/plain; charset=utf-8"


def _image(found: _Found) -> None:
    with Image.open(io.BytesIO(found.raw), formats=[*image.FORMATS.values()]) as picture:
        found.media_type = _PICTURES[picture.format or ""]
        width, height = picture.size
        if width * height > PIXELS_MOST and picture.getexif().get(_ORIENTATION) in _ON_ITS_SIDE:
            width, height = height, width
    found.signals = {"width": width, "height": height}
    large = f"It is {width} x {height}; of pictures with more than {PIXELS_MOST:,} pixels only the size is told."
    found.look_into("image", large if width * height > PIXELS_MOST else "", max_pixels=PIXELS_MOST)


def _audio(found: _Found) -> None:
    kind = container.kind(found.raw)
    if kind is None:
        with soundfile.SoundFile(io.BytesIO(found.raw)) as sound:
            found.media_type = _SOUNDS.get(sound.format, f"audio/{sound.format.lower()}")
            rate, seconds = sound.samplerate, sound.frames / sound.samplerate
    else:
        found.media_type = f"audio/{kind}"
        with container.opened(_spec("audio", max_seconds=float("inf")), found.raw, kind) as opened:
            track = opened.sound()
            rate, seconds = (track.rate, _seconds(track)) if track else (None, None)
    found.signals = {name: value for name, value in (("rate", rate), ("seconds", seconds)) if value is not None}
    found.look_into("audio", _long(seconds), sample_rate=rate, max_seconds=SECONDS_MOST)


def _video(found: _Found) -> None:
    kind = container.kind(found.raw)
    if kind is None:
        return found.look_into("video")  # which says why not
    found.media_type = f"video/{kind}"
    with container.opened(_spec("video", max_seconds=float("inf")), found.raw, kind) as opened:
        shown, heard = opened.picture(), opened.sound()
        seconds, area = _seconds(shown), max(1, shown.codec_context.width * shown.codec_context.height)
        frames = shown.frames or round((seconds or 0) * float(shown.average_rate or 0))
        rate = heard.rate if heard else None
    found.signals = {} if seconds is None else {"seconds": seconds}
    most = max(1, FRAME_PIXELS_MOST // area)
    large = f"Its {frames} frames have more than {FRAME_PIXELS_MOST:,} pixels together; only its length is told."
    too_much = _long(seconds) or (large if frames > most else "")
    found.look_into("video", too_much, sample_rate=rate, max_seconds=SECONDS_MOST, max_frames=most)


def _seconds(track: Any) -> float | None:
    """The length of a container's track, as its head says."""
    if track.duration and track.time_base:
        return float(track.duration * track.time_base)
    return track.container.duration / 1e6 if track.container.duration else None


def _long(seconds: float | None) -> str:
    if seconds is None or seconds <= SECONDS_MOST:
        return ""
    return f"It lasts {seconds:.0f} seconds; of what lasts more than {SECONDS_MOST} only the head is looked at."


def _binary(found: _Found, tensor: Tensor) -> None:
    """Numbers, or what is no single file: no signals, but their range."""
    found.more |= {"datatype": tensor.datatype, "shape": list(tensor.shape)}
    if tensor.datatype != BYTES and found.raw:
        numbers = numbers_of(tensor.datatype, found.raw).astype(np.float64)
        finite = numbers[np.isfinite(numbers)]
        if finite.size:
            ends = {"least": finite.min(), "most": finite.max(), "mean": finite.mean(), "deviation": finite.std()}
            found.more |= {name: _plain(value) for name, value in signals.finite(ends).items()}


def _spec(modality: str, **limits: Any) -> InputSpec:
    return InputSpec(modality, BYTES, (-1,), modality, **limits)


def _problem(modality: str, error: Exception) -> str:
    """What is wrong, without the input's name: the same file may come as another."""
    told = str(error) if isinstance(error, media.BadMedia) else f"{type(error).__name__}: {error}"
    return told.removeprefix(f"Input '{modality}': ")[:200].replace("\0", "")


def _plain(value: Value) -> Any:
    """As JSON has it: whole numbers whole, others with six digits that count, those of an embedding with four."""
    if isinstance(value, str):
        return value
    if isinstance(value, np.ndarray):
        return [float(f"{each:.4g}") for each in value]
    return int(value) if value == int(value) and abs(value) < 2**53 else float(f"{value:.6g}")


_BY_MODALITY: dict[str, Callable[[_Found], None]] = {
    "text": _text,
    "image": _image,
    "audio": _audio,
    "video": _video,
}
