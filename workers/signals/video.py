"""What a video is like: its frames in time, a few of its frames as pictures, and its sound.

| signal | unit | what |
|---|---|---|
| seconds | s | |
| frames | count | |
| frame_rate | frames/s | one over the median time between two frames |
| dropped | share | frames that are missing where the time between two is longer than 1.5 lower quartiles |
| frozen | share | frames exactly as the one before: what a player shows where frames were dropped |
| motion | 0 to 1 | mean absolute change of luma from frame to frame, in a picture of 32 x 32 |
| cuts | per minute | changes of scene: more than half of the luma histogram differs (Zhang et al. 1993) |
| brightness, contrast, sharpness, noise | as image.py | mean over up to eight frames, evenly spread |
| width, height | pixels | |
| sound.* | as audio.py | where there is a track of sound |
"""

from itertools import pairwise
from typing import Any

import numpy as np
from PIL import Image

from workers.signals import audio, image
from workers.signals.finite import Signals, Value, finite

_LATE = 1.5  # times the lower quartile
_LOOKS = 8
_MOST_FRAMES = 300  # looked at for motion and cuts: the first ones, as neighbours are compared
_SIDE = 32
_CUT = 0.5  # share of the pixels
_BINS = 16


def describe(value: Any) -> Signals:
    """The signals of one video, as `workers.serving.media.Video` holds it; frames may be few or none."""
    frames, times = value.frames, np.asarray(value.times, np.float64)
    found: dict[str, Value | None] = {"frames": len(frames), "seconds": value.seconds, **_heard(value)}
    if frames.size:
        found |= {"height": frames.shape[1], "width": frames.shape[2]}
        found |= _timing(times) | _moving(frames, times) | _looks(frames)
    return finite(found)


def _heard(value: Any) -> Signals:
    if not value.sample_rate or not len(value.sound):
        return {}
    return {f"sound.{name}": each for name, each in audio.describe(value.sound, value.sample_rate).items()}


def _timing(times: np.ndarray) -> dict[str, float]:
    """Of the frames' times (n,) in seconds; nothing where no two follow each other."""
    gaps = np.diff(times)
    gaps = gaps[gaps > 0]
    if not len(gaps):
        return {}
    regular = float(np.percentile(gaps, 25, method="lower"))  # the median may be long itself where many are dropped
    missing = float(np.sum(np.round(gaps[gaps > _LATE * regular] / regular) - 1))
    return {"frame_rate": 1 / float(np.median(gaps)), "dropped": missing / (len(times) + missing)}


def _moving(frames: np.ndarray, times: np.ndarray) -> dict[str, float]:
    """What changes between one frame and the next; nothing of a single frame."""
    if len(frames) < 2:
        return {}
    frames, times = frames[:_MOST_FRAMES], times[:_MOST_FRAMES]
    small = np.stack([_small(frame) for frame in frames])
    told = {
        "motion": float(np.abs(np.diff(small, axis=0)).mean()) / 255,
        "frozen": float(np.mean([_same(one, other) for one, other in pairwise(frames)])),
    }
    minutes = float(times[-1] - times[0]) / 60
    return told | ({"cuts": int(np.sum(_changed(small) > _CUT)) / minutes} if minutes > 0 else {})


def _small(frame: np.ndarray) -> np.ndarray:
    grey = image.luma(frame)
    return np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR, reducing_gap=1.0), np.float32)


def _changed(small: np.ndarray) -> np.ndarray:
    """(n - 1,): the share of pixels, 0 to 1, that the histograms of two neighbours do not have in common."""
    place = (small / 256 * _BINS).astype(np.int64).reshape(len(small), -1)
    placed = place + _BINS * np.arange(len(small))[:, None]
    counts = np.bincount(placed.ravel(), minlength=len(small) * _BINS).reshape(len(small), _BINS)
    changed: np.ndarray = np.abs(np.diff(counts / place.shape[1], axis=0)).sum(axis=1) / 2
    return changed


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    """A single row mostly tells that two frames differ."""
    row = len(one) // 2
    return bool(np.array_equal(one[row], other[row]) and np.array_equal(one, other))


def _looks(frames: np.ndarray) -> dict[str, float]:
    chosen = np.linspace(0, len(frames) - 1, min(_LOOKS, len(frames))).round().astype(int)
    looks = [_look(image.luma(frames[place])) for place in chosen]
    return {name: sum(look[name] for look in looks) / len(looks) for name in looks[0]}


def _look(grey: Image.Image) -> dict[str, float]:
    brightness, contrast = image.spread(grey)
    return {"brightness": brightness, "contrast": contrast, **image.detail(grey)}
