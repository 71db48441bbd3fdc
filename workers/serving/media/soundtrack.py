"""The decoded sound of a container's track, put on one line of time by its timestamps."""

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from workers.serving.media import limits
from workers.serving.media.refusal import refuse
from workers.serving.routing import InputSpec

_MAX_RATE = 384_000  # Hz
#: Seconds by which a timestamp may miss the sample it belongs to: WebM's are rounded to milliseconds.
_JITTER = 0.01
_CHUNK = 1 << 16  # samples that the resampler is given at once


class SoundTrack:
    """Collects frames, each at its time; a gap between them is silence."""

    def __init__(self, spec: InputSpec) -> None:
        self._spec = spec
        self._pieces: list[np.ndarray] = []
        self._length = 0  # samples
        self._rate = 0
        self._start = 0.0

    def add(self, frame: AudioFrame) -> None:
        """Put one decoded frame in its place. Raises BadMedia when it has none, or the sound grows too long."""
        if frame.time is None:
            refuse(self._spec, "its sound has no timestamps")
        if not self._pieces:
            self._begin(frame)
        if frame.sample_rate != self._rate:
            refuse(self._spec, f"the rate of its sound changes from {self._rate} to {frame.sample_rate} Hz on the way")
        gap = frame.time - self._start - self._length / self._rate
        if gap < -_JITTER:
            refuse(self._spec, f"the timestamps of its sound go back by {-gap:.3f} seconds")
        limits.check_track(self._spec, frame.time - self._start + frame.samples / self._rate)
        if gap > _JITTER:
            self._append(np.zeros(round(gap * self._rate), np.float32))
        self._append(self._mono(frame))

    def _begin(self, frame: AudioFrame) -> None:
        assert frame.time is not None
        self._start, self._rate = frame.time, frame.sample_rate
        if not 0 < self._rate <= _MAX_RATE:
            refuse(self._spec, f"its sound has {self._rate} samples a second; up to {_MAX_RATE} are taken")

    def _append(self, piece: np.ndarray) -> None:
        self._pieces.append(piece)
        self._length += len(piece)

    def _mono(self, frame: AudioFrame) -> np.ndarray:
        """The mean of the channels; every decoder of SOUND_CODECS gives 32-bit floats, a row a channel."""
        if frame.format.name != "fltp":
            refuse(self._spec, f"its sound is in the sample format {frame.format.name}, which is not taken")
        channels = frame.layout.nb_channels
        if channels > limits.MAX_CHANNELS:
            refuse(self._spec, f"it has {channels} channels, more than {limits.MAX_CHANNELS}")
        planes = frame.to_ndarray()
        mono: np.ndarray = planes[0] if channels == 1 else planes.mean(axis=0)
        return mono

    def finish(self, rate: int | None) -> tuple[np.ndarray, float]:
        """float32 (n,) in [-1, 1] at `rate` (None: as it is) and the time in seconds of its first sample.

        A track without a frame gives n = 0.
        """
        if not self._pieces:
            return np.zeros(0, np.float32), 0.0
        sound = resampled(np.concatenate(self._pieces), self._rate, rate or self._rate)
        if not np.isfinite(sound).all():
            refuse(self._spec, "its sound holds values that are no numbers")
        return np.clip(sound, -1.0, 1.0, out=sound), self._start


def resampled(sound: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """float32 (n,) at `rate` Hz -> float32 (round(n * wanted / rate),), by FFmpeg's resampler, without its delay."""
    if rate == wanted:
        return sound
    resampler = AudioResampler("flt", "mono", wanted)
    pieces = []
    for at in range(0, len(sound), _CHUNK):
        frame = AudioFrame.from_ndarray(sound[None, at : at + _CHUNK], "flt", "mono")
        frame.sample_rate = rate
        pieces += resampler.resample(frame)
    pieces += resampler.resample(None)
    out = np.zeros(round(len(sound) * wanted / rate), np.float32)
    filled = 0
    for piece in pieces:
        samples = piece.to_ndarray()[0][: len(out) - filled]
        out[filled : filled + len(samples)] = samples
        filled += len(samples)
    return out
