"""What a picture is like.

| signal | unit | what |
|---|---|---|
| brightness | 0 to 1 | mean luma (ITU-R BT.601) |
| contrast | 0 to 0.5 | root-mean-square contrast: standard deviation of luma (Peli 1990) |
| sharpness | squared luma | variance of the Laplacian (Pech-Pacheco et al. 2000) |
| noise | luma | standard deviation of the sensor's noise (Immerkær 1996) |
| colourfulness | 0 to 1 | of colour pictures (Hasler and Süsstrunk 2003), over 255 |
| width, height | pixels | |
| colours | category | grey or colour |

Sharpness and noise need 3 x 3 pixels, and are taken from the middle 192 x 192 of a larger picture.
"""

import math

import numpy as np
from PIL import Image

from workers.signals.finite import Signals, Value, finite

_WHITE = 255.0
_CROP = 192  # pixels
_SIDE = 8  # of the thumbnail
_TURNS = 8
_LARGE = 64  # pixels of an edge, from which on a smaller copy is looked at
_LEVELS = np.arange(256) / _WHITE


def describe(value: np.ndarray) -> Signals:
    """The signals of one picture, uint8 (h, w) or (h, w, 3); of one without pixels only its size."""
    height, width = value.shape[:2]
    size: dict[str, Value | None] = {"width": width, "height": height}
    if not value.size:
        return finite(size)
    grey = luma(value)
    brightness, contrast = spread(grey)
    coloured = value.ndim == 3
    found = size | {"brightness": brightness, "contrast": contrast, "colours": "colour" if coloured else "grey"}
    found |= {"colourfulness": colourfulness(value) if coloured else None, "embedding": look(grey)}
    return finite(found | detail(grey))


def luma(value: np.ndarray) -> Image.Image:
    """The picture in grey; by Pillow, which needs a tenth of the time that numpy's sums of channels take."""
    picture = Image.fromarray(np.ascontiguousarray(value))
    return picture.convert("L") if value.ndim == 3 else picture


def spread(grey: Image.Image) -> tuple[float, float]:
    """Mean and standard deviation of luma, 0 to 1, exactly, by its histogram."""
    counts = np.array(grey.histogram(), np.float64)
    counts /= counts.sum()
    mean = float(counts @ _LEVELS)
    return mean, math.sqrt(float(counts @ (_LEVELS - mean) ** 2))


def detail(grey: Image.Image) -> dict[str, float]:
    """Sharpness and noise; neither of a picture with an edge below three pixels."""
    pixels = np.asarray(middle(grey), np.float32)
    if min(pixels.shape) < 3:
        return {}
    rows = pixels[:-2] + pixels[2:]
    columns = pixels[:, :-2] + pixels[:, 2:]
    laplacian = rows[:, 1:-1] + columns[1:-1] - 4 * pixels[1:-1, 1:-1]
    # Immerkær's mask is the difference of two Laplacians: no edge, whichever way it runs, is taken for noise.
    mask = rows[:, :-2] + rows[:, 2:] - 2 * (rows[:, 1:-1] + columns[1:-1]) + 4 * pixels[1:-1, 1:-1]
    noise = float(np.abs(mask).mean()) * np.sqrt(np.pi / 2) / 6
    return {"sharpness": float(laplacian.var()) / _WHITE**2, "noise": noise / _WHITE}


def middle(grey: Image.Image) -> Image.Image:
    """At most _CROP x _CROP pixels, about the centre."""
    left, top = ((max(0, edge - _CROP)) // 2 for edge in grey.size)
    return grey.crop((left, top, min(grey.width, left + _CROP), min(grey.height, top + _CROP)))


def colourfulness(value: np.ndarray) -> float:
    """sqrt(var rg + var yb) + 0.3 sqrt(mean rg^2 + mean yb^2), opponent colours rg and yb; over every few pixels."""
    step = max(1, int(np.sqrt(value.shape[0] * value.shape[1] / 20_000)))
    red, green, blue = np.moveaxis(value[::step, ::step].astype(np.float32), -1, 0)
    first, second = red - green, (red + green) / 2 - blue
    deviation = np.sqrt(first.var() + second.var())
    return float(deviation + 0.3 * np.sqrt(first.mean() ** 2 + second.mean() ** 2)) / _WHITE


def look(grey: Image.Image) -> np.ndarray:
    """float32 (72,): the picture in 8 x 8 mean lumas, 0 to 1, and how its edges are turned.

    The eight last are shares of gradient magnitude by direction, over the whole picture (Dalal and Triggs 2005).
    """
    if max(grey.size) > _LARGE:
        grey = grey.resize((_LARGE, _LARGE), Image.Resampling.BOX)
    small = np.asarray(grey.resize((_SIDE, _SIDE), Image.Resampling.BOX), np.float32).ravel() / _WHITE
    return np.concatenate([small, _turned(np.asarray(grey, np.float32))]).astype(np.float32)


def _turned(pixels: np.ndarray) -> np.ndarray:
    if min(pixels.shape) < 3:
        return np.zeros(_TURNS, np.float32)
    down, right = pixels[2:, 1:-1] - pixels[:-2, 1:-1], pixels[1:-1, 2:] - pixels[1:-1, :-2]
    place = ((np.arctan2(down, right) + np.pi) * (_TURNS / (2 * np.pi))).astype(np.int64) % _TURNS
    weights = np.bincount(place.ravel(), np.hypot(down, right).ravel(), _TURNS)
    total = weights.sum()
    return weights / total if total > 0 else weights
