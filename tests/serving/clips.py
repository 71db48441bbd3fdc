"""Real media files, made in memory by PyAV: clips with any frames at any times, coded sounds, talking digits."""

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from workers.training.digits_av.clips import TalkingDigit, talking_digits, video_file
from workers.training.digits_av.corpus import Part

RATE = 8000  # Hz, of the sounds made here
_ENCODERS = {
    "mp3": ("mp3", "libmp3lame"),
    "m4a": ("mp4", "aac"),
    "webm": ("webm", "libopus"),
    "ogg": ("ogg", "libopus"),
}


def talking(
    count: int, seed: int = 0, cache_directory: Path | None = None, kind: str = "mp4"
) -> Iterator[TalkingDigit]:
    """Clips of a second, 112 x 112 at 10 frames a second, that no training has met: their digit and their file."""
    return talking_digits(Part.TRAFFIC, count, seed, cache_directory, kind)


def frames(count: int = 10, width: int = 64, height: int = 48) -> np.ndarray:
    """uint8 (count, height, width, 3): grey frames, each 20 lighter than the one before; the left half is darker."""
    grey = 40 + 20 * (np.arange(count) % 10)
    made = np.broadcast_to(grey[:, None, None, None], (count, height, width, 3)).astype(np.uint8)
    made[:, :, : width // 2] //= 4
    return made


def shade(frame: np.ndarray) -> float:
    """The number of the frame that this decoded one was, as its lightness tells."""
    return float((np.median(frame[:, -8:]) - 40) / 20)


def tone(seconds: float, hertz: float = 440.0, rate: int = RATE) -> np.ndarray:
    """float32 (n,): half as loud as can be."""
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def clip(kind: str = "mp4", count: int = 10, times: Any = None, sound: np.ndarray | None = None, **more: Any) -> bytes:
    """A file of `count` frames, ten a second unless `times` say otherwise."""
    moments = np.arange(count) / 10 if times is None else np.asarray(times)
    size = {name: more.pop(name) for name in ("width", "height") if name in more}
    return video_file(kind, frames(len(moments), **size), moments, sound, **more)


def sound_file(kind: str, sound: np.ndarray, rate: int, layout: str = "mono") -> bytes:
    """float32 (channels, n) or (n,) as "mp3", "m4a", "webm" or "ogg"."""
    container, encoder = _ENCODERS[kind]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as file:
        track = file.add_stream(encoder, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.atleast_2d(sound), format="fltp", layout=layout)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        file.mux(track.encode(frame))
        file.mux(track.encode())
    return buffer.getvalue()


def pitch(sound: np.ndarray, rate: int = RATE) -> float:
    """The frequency in Hz of which there is most."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(spectrum.argmax() * rate / len(sound))


def onset(sound: np.ndarray, start: float, rate: int = RATE) -> float:
    """When a sound that begins at `start` is first loud, in seconds."""
    return start + float(np.flatnonzero(np.abs(sound) > 0.2)[0]) / rate
