"""What a sound is like.

Frames are of 32 ms under a Hann window, each half over the next; of a long sound 1,000, spread evenly, are looked at, and for
the spectrum 32 of those that sound.

| signal | unit | what |
|---|---|---|
| seconds | s | |
| rate | Hz | samples a second |
| loudness | dB of full scale | root mean square of the samples; -100 at least |
| clipping | share | samples at full scale |
| silence | share | frames below -50 dB of full scale |
| snr | dB | power of the loud frames (95th percentile) over that of the noise floor (10th); 0 to 100 (after the minimum statistics of Martin 2001) |
| flatness | 0 to 1 | spectral flatness, geometric over arithmetic mean of the power spectrum: 1 is white noise (Johnston 1988); mean over frames that sound |
| centroid | Hz | middle of the power spectrum, over the frames that sound |
| pitch | Hz | median over voiced frames of the strongest autocorrelation in 60 to 500 Hz (Boersma 1993, without its path search) |
"""  # noqa: E501

from functools import cache

import numpy as np

from workers.signals.finite import Signals, Value, finite

_FRAME_S = 0.032
_MOST_FRAMES, _MOST_SPECTRA = 1000, 32
_QUIETEST_DB, _SILENT_DB, _MOST_SNR_DB = -100.0, -50.0, 100.0
_FULL = 0.999
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 500.0
_PITCH_RATE = 8000  # Hz, enough to look for a period
_OCTAVE = 0.05
_VOICED = 0.5  # autocorrelation over its value at lag 0, from which on a frame counts as voiced
_TINY = 1e-10
_BANDS = 16
_FLOOR = 1e-4  # of a frame's power: what is fainter is not told from nothing


def describe(value: np.ndarray, sample_rate: int | None = None) -> Signals:
    """The signals of one sound, float32 (n,) in [-1, 1]; what needs the rate is absent without one.

    Samples that are no finite numbers count as silence.
    """
    sound = _clean(value)
    known: dict[str, Value | None] = {"rate": sample_rate}
    if sample_rate:
        known["seconds"] = len(sound) / sample_rate
    if len(sound):
        known["loudness"] = decibels(float(np.mean(np.square(sound))))
        known["clipping"] = float(np.mean(np.abs(sound) >= _FULL))
    return finite(known | (_framed(sound, sample_rate) if sample_rate and len(sound) else {}))


def _clean(value: np.ndarray) -> np.ndarray:
    sound = np.asarray(value, np.float32).ravel()
    if len(sound) and not np.abs(sound).max() <= 1:  # also where it is NaN
        sound = np.clip(np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0), -1, 1)
    return sound


def decibels(power: float) -> float:
    """Of a mean square against 1, never below -100."""
    return max(_QUIETEST_DB, 10 * float(np.log10(max(power, 1e-30))))


def _framed(sound: np.ndarray, rate: int) -> dict[str, Value | None]:
    frames = _frames(sound, rate)
    levels = 10 * np.log10(np.maximum(np.mean(np.square(frames), axis=1), 10 ** (_QUIETEST_DB / 10)))
    loud = np.flatnonzero(levels >= _SILENT_DB)
    told: dict[str, Value | None] = {"silence": 1 - len(loud) / len(levels), "snr": _snr(levels)}
    return told | (_spectral(frames[_spread(loud, _MOST_SPECTRA)], rate) if len(loud) else {})


def _frames(sound: np.ndarray, rate: int) -> np.ndarray:
    """float32 (k, size), k from 1 to 1,000; a sound shorter than one frame is filled up with silence."""
    size = max(8, round(rate * _FRAME_S))
    if len(sound) < size:
        sound = np.pad(sound, (0, size - len(sound)))
    views = np.lib.stride_tricks.sliding_window_view(sound, size)[:: size // 2]
    frames: np.ndarray = views[_spread(np.arange(len(views)), _MOST_FRAMES)]
    return frames


def _spread(places: np.ndarray, most: int) -> np.ndarray:
    """At most so many of them, evenly spread."""
    return places[np.linspace(0, len(places) - 1, most).astype(np.int64)] if len(places) > most else places


def _snr(levels: np.ndarray) -> float:
    floor, loud = np.percentile(levels, (10, 95))
    return float(min(_MOST_SNR_DB, loud - floor))


def _spectral(frames: np.ndarray, rate: int) -> dict[str, Value | None]:
    """Of frames (k, size) that sound, k at least 1."""
    power = _power(frames)
    total = power.sum(axis=1) + _TINY
    flatness = np.exp(np.log(power[:, 1:] + _TINY).mean(axis=1)) / (power[:, 1:].mean(axis=1) + _TINY)
    return {
        "flatness": float(flatness.mean()),
        "centroid": float((power @ np.linspace(0, rate / 2, power.shape[1], dtype=np.float32)).sum() / total.sum()),
        "pitch": _pitch(frames, rate),
        "embedding": _timbre(power, rate),
    }


def _power(frames: np.ndarray) -> np.ndarray:
    """float32 (k, bins): the power spectrum of each frame under a Hann window."""
    spectrum = np.fft.rfft(frames * _hann(frames.shape[1]))
    power: np.ndarray = spectrum.real**2 + spectrum.imag**2
    return power


@cache
def _hann(size: int) -> np.ndarray:
    window: np.ndarray = np.hanning(size).astype(np.float32)
    return window


def _pitch(frames: np.ndarray, rate: int) -> float | None:
    """Hz; None where no frame is voiced. Autocorrelations are divided by that of the window, as Boersma does."""
    step = max(1, rate // _PITCH_RATE)
    frames, rate = _slower(frames, step), rate // step
    size = frames.shape[1]
    first, last = int(rate / _HIGHEST_HZ), min(int(rate / _LOWEST_HZ), size * 2 // 3)
    if first < 2 or last <= first + 2:
        return None
    told = _correlated(frames, last + 1)[:, first:]
    # Twice the period correlates as well as the period: longer lags are taken only where they are clearly stronger.
    cost = _OCTAVE * np.log2(np.arange(first, last + 1) / first)
    peaks = (told - cost).argmax(axis=1)
    # An inner peak only: at the shortest lag the slope from lag 0 is no period.
    voiced = (told[np.arange(len(told)), peaks] >= _VOICED) & (peaks > 0) & (peaks < last - first)
    return float(rate / np.median(first + peaks[voiced])) if voiced.any() else None


def _slower(frames: np.ndarray, step: int) -> np.ndarray:
    """Every `step` samples as their mean: enough of a filter where only the period is looked for."""
    whole = frames.shape[1] // step * step
    slower: np.ndarray = frames[:, :whole].reshape(len(frames), -1, step).mean(axis=2) if step > 1 else frames
    return slower


def _correlated(frames: np.ndarray, lags: int) -> np.ndarray:
    """(k, lags): autocorrelation of each frame over its value at lag 0, freed of the window's."""
    size = frames.shape[1]
    length = 1 << (size + lags).bit_length()
    windowed = (frames - frames.mean(axis=1, keepdims=True)) * _hann(size)
    found, window = (_autocorrelation(each, length)[:, :lags] for each in (windowed, _hann(size)[None]))
    told: np.ndarray = found / (found[:, :1] + _TINY) * (window[:, :1] / window)
    return told


def _autocorrelation(frames: np.ndarray, length: int) -> np.ndarray:
    spectrum = np.fft.rfft(frames, length)
    correlated: np.ndarray = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, length)
    return correlated


def _timbre(power: np.ndarray, rate: int) -> np.ndarray:
    """float32 (32,): mean and standard deviation over time of the log power in 16 mel bands.

    The mean over all bands is taken off, so that loudness, a signal of its own, is not told again.
    """
    heard = power @ _mel(2 * (power.shape[1] - 1), rate)
    bands = np.log(heard + _FLOOR * heard.mean(axis=1, keepdims=True) + _TINY)
    mean = bands.mean(axis=0)
    return np.concatenate([mean - mean.mean(), bands.std(axis=0)]).astype(np.float32)


@cache
def _mel(size: int, rate: int) -> np.ndarray:
    """float32 (bins, 16): triangles evenly spaced in mel (O'Shaughnessy 1987), each of sum 1."""
    bins = np.linspace(0, rate / 2, size // 2 + 1)
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + rate / 1400), _BANDS + 2) / 2595) - 1)
    rising = (bins[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins[:, None]) / np.diff(edges)[1:]
    weights = np.maximum(0, np.minimum(rising, falling))
    filters: np.ndarray = (weights / np.maximum(weights.sum(axis=0), _TINY)).astype(np.float32)
    return filters
