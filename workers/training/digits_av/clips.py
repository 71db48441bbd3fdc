"""Talking digits: a picture of a digit that trembles for a second while the digit is spoken, as an MP4 or WebM file."""

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from workers.training.digits_av.cache import Cache
from workers.training.digits_av.corpus import Part, corpus
from workers.training.digits_av.pairs import pairs
from workers.training.digits_av.utterances import SAMPLE_RATE

FRAME_RATE = 10
FRAMES = 10
_ENLARGED = 4  # 28 x 28 becomes 112 x 112
_TREMBLE = 3  # pixels
_MILLISECONDS = Fraction(1, 1000)
#: Kind of file -> codecs of pictures and of sound, and the samples a second that the latter is coded at.
_CODECS = {"mp4": ("libx264", "aac", 16_000), "webm": ("libvpx", "libopus", 48_000)}


def talking_digit(picture: np.ndarray, sound: np.ndarray, seed: int, kind: str = "mp4") -> bytes:
    """A file from a uint8 picture (28, 28) and int16 speech (t,) at 8 kHz; the same seed trembles alike."""
    frames = trembling(picture, seed)
    return video_file(kind, frames, np.arange(len(frames)) / FRAME_RATE, sound / np.float32(32768))


def trembling(picture: np.ndarray, seed: int) -> np.ndarray:
    """uint8 (10, 112, 112, 3): the picture enlarged and moved by a few pixels from frame to frame."""
    random = np.random.default_rng(seed)
    large = np.kron(picture, np.ones((_ENLARGED, _ENLARGED), np.uint8))
    moves = random.integers(-_TREMBLE, _TREMBLE + 1, (FRAMES, 2))
    grey = np.stack([np.roll(large, tuple(move), (0, 1)) for move in moves])
    return np.repeat(grey[..., None], 3, axis=-1)


def video_file(
    kind: str,
    frames: np.ndarray,
    times: np.ndarray,
    sound: np.ndarray | None = None,
    sound_start: float = 0.0,
    picture_codec: str | None = None,
) -> bytes:
    """Frames uint8 (n, height, width, 3) shown at `times` (n,) in seconds, and float32 sound (t,) at 8 kHz from
    `sound_start` on, as a file of this kind ("mp4" or "webm")."""
    codec, sound_codec, rate = _CODECS[kind]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=kind) as file:
        pictures = _picture_track(file, picture_codec or codec, frames.shape)
        speech: Any = None if sound is None else file.add_stream(sound_codec, rate=rate, layout="mono")
        for frame, time in zip(frames, times, strict=True):
            file.mux(pictures.encode(_picture(frame, time)))
        file.mux(pictures.encode())
        if speech is not None and sound is not None:
            file.mux(speech.encode(_sound(_faster(sound, rate // SAMPLE_RATE), rate, sound_start)))
            file.mux(speech.encode())
    return buffer.getvalue()


def _picture_track(file: Any, codec: str, shape: tuple[int, ...]) -> Any:
    track = file.add_stream(codec, rate=FRAME_RATE)
    track.height, track.width, track.pix_fmt = *shape[1:3], "yuv420p"
    track.codec_context.time_base = _MILLISECONDS
    track.codec_context.thread_count = 1  # the same frames always give the same bytes
    return track


def _picture(frame: np.ndarray, time: float) -> VideoFrame:
    picture = VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
    picture.pts, picture.time_base = round(time * 1000), _MILLISECONDS
    return picture


def _sound(samples: np.ndarray, rate: int, start: float) -> AudioFrame:
    frame = AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), round(start * rate)
    return frame


def _faster(sound: np.ndarray, times: int) -> np.ndarray:
    """The sound with `times` as many samples a second."""
    from scipy.signal import resample_poly  # here: only who makes clips waits for it

    resampled: np.ndarray = resample_poly(sound, times, 1).astype(np.float32)
    return resampled


class TalkingDigit(NamedTuple):
    """A digit and the file of its clip."""

    digit: int
    file: bytes


def talking_digits(
    part: Part, count: int, seed: int = 0, cache_directory: Path | None = None, kind: str = "mp4"
) -> Iterator[TalkingDigit]:
    """Yield `count` clips from one part of the data, drawn at random; the same seed gives the same clips."""
    data = corpus(part, Cache(cache_directory))
    drawn = pairs(data, count, seed)
    for number, (picture, sound, digit) in enumerate(zip(drawn.pictures, drawn.sounds, drawn.digits, strict=True)):
        yield TalkingDigit(int(digit), talking_digit(data.pictures[picture], data.sounds[sound], number, kind))
