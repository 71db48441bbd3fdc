"""The same model asked with a video: a digit that is shown and spoken.

Lives in the artifact beside `digits_av.py`, whose features and weights it uses. Needs what that needs, nothing else.
"""

from typing import Any

import numpy as np

from .digits_av import DigitsHandler, log_mel, picture_pixels

_LOOKS = 5  # frames of the second that are shown to the model
_AROUND = 0.25  # seconds before and after in which the word may begin and end
_DARK = 32  # of 255; nothing lighter: there is no digit
_SILENCE = 1e-3  # nothing louder: there is no word


class TalkingDigitsHandler(DigitsHandler):
    """The hooks a serving process calls. A sample has `clip`, a video with its sound at 8 kHz."""

    def preprocess(self, sample: dict[str, Any]) -> dict[str, np.ndarray]:
        """`pixels` (k, 1, 28, 28) of the second with most light, and the `mel` (64, 32) of what is heard around it.

        Either is left out where there is nothing to see or to hear. Raises ValueError where there is neither.
        """
        video = sample["clip"]
        start = brightest_second(video.frames, video.times)
        seen = video.between(start, start + 1).frames
        looks = seen[np.linspace(0, len(seen) - 1, min(_LOOKS, len(seen))).round().astype(int)]
        features = {}
        if looks.max() > _DARK:
            features["pixels"] = np.stack([picture_pixels(frame).numpy() for frame in looks])
        heard = video.between(start - _AROUND, start + 1 + _AROUND).sound
        if len(heard) and np.abs(heard).max() > _SILENCE:
            features["mel"] = log_mel(heard).numpy()
        if not features:
            raise ValueError("The clip is dark and silent: show a digit, light on dark, or say one.")
        return features

    def predict(self, batch: list[dict[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
        """`logits` (10,) of each clip, whose softmax is the mean score of its frames, each asked with the sound."""
        looks = [one for features in batch for one in _looks(features)]
        logits = np.stack([each["logits"] for each in super().predict(looks)]).astype(np.float64)
        ends = np.cumsum([len(_looks(features)) for features in batch])
        return [{"logits": _mean_score(part)} for part in np.split(logits, ends[:-1])]


def brightest_second(frames: np.ndarray, times: np.ndarray) -> float:
    """When the second of most light begins, at one of the frames (n, height, width, 3): a digit is light on dark."""
    light = np.concatenate([[0.0], frames.mean(axis=(1, 2, 3), dtype=np.float64).cumsum()])
    ends = np.searchsorted(times, times + 1.0 - 1e-6)
    return float(times[np.argmax((light[ends] - light[:-1]).round(6))])


def _looks(features: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """What the model is asked: each frame with the sound, or the sound alone."""
    rest = {name: value for name, value in features.items() if name != "pixels"}
    return [{"pixels": pixels, **rest} for pixels in features["pixels"]] if "pixels" in features else [rest]


def _mean_score(logits: np.ndarray) -> np.ndarray:
    """float32 (10,) from logits (k, 10)."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    mean: np.ndarray = np.log((odds / odds.sum(axis=1, keepdims=True)).mean(axis=0) + 1e-12)
    return mean.astype(np.float32)
