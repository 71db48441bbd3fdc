"""A spoken sentence for a model to warm up with, in a synthetic voice."""

import io
from math import gcd

import numpy as np
import soundfile
from scipy.signal import resample_poly

from workers.training.digits_av.speech import Phrase, speak


def spoken(text: str, rate: int) -> np.ndarray:
    """float32 in [-1, 1], `rate` samples a second. Raises SpeechError."""
    ((made_at, samples),) = speak([Phrase(text, "en-us", rate=160, pitch=50, pitch_range=50)])
    common = gcd(made_at, rate)
    resampled = resample_poly(samples.astype(np.float32) / 32768, rate // common, made_at // common)
    clipped: np.ndarray = np.clip(resampled, -1, 1).astype(np.float32)
    return clipped


def spoken_sample(text: str, rate: int) -> bytes:
    """The same as a WAV file, 16 bits a sample."""
    file = io.BytesIO()
    soundfile.write(file, spoken(text, rate), rate, format="WAV", subtype="PCM_16")
    return file.getvalue()
