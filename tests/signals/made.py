"""Media as the decoders give them, built by hand."""

import numpy as np

from workers.serving.media import Video

RATE = 8000


def video(
    frames: np.ndarray, times: np.ndarray, sound: np.ndarray | None = None, rate: int = 0, seconds: float | None = None
) -> Video:
    """Frames (n, h, w, 3) at times (n,), with sound or without."""
    end = float(times[-1]) if len(times) else 0.0
    heard = np.zeros(0, np.float32) if sound is None else sound
    return Video(frames, np.asarray(times, np.float64), end if seconds is None else seconds, heard, 0.0, rate)


def tone(hertz: float, seconds: float = 1.0, level: float = 0.3, rate: int = RATE) -> np.ndarray:
    """A sound with five overtones, as a voice has."""
    at = np.arange(round(seconds * rate)) / rate
    waves = sum(np.sin(2 * np.pi * hertz * k * at) / k for k in range(1, 6) if hertz * k < rate / 2)
    return np.asarray(level * waves, np.float32)
