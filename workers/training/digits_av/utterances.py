"""The spoken digits: which voices say which digit how, at 8 kHz."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from workers.training.digits_av.speech import Phrase, speak

SAMPLE_RATE = 8000
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_NAMED = ("Mario", "Alicia", "Andy", "Michael")
ACCENTS = ("en-us", "en-us-nyc", "en-gb-x-rp", "en-gb-x-gbclan")
SPEAKERS = (*(f"m{n}" for n in (1, 2, 3, 4, 5, 7, 8)), *(f"f{n}" for n in range(1, 6)), *_NAMED)
#: Those that the data is spoken by.
VOICES = tuple(f"{accent}+{speaker}" for accent in ACCENTS for speaker in SPEAKERS)
#: Those that no training has met: other accents, other ways to speak.
NEWCOMERS = tuple(
    f"{accent}+{speaker}"
    for accent in ("en-gb-scotland", "en-029", "en")
    for speaker in ("m6", "klatt", "klatt3", "croak", "whisper", "grandma")
)


@dataclass(frozen=True)
class Utterance:
    """One spoken digit: int16 samples at SAMPLE_RATE."""

    digit: int
    samples: np.ndarray


def phrases(takes: int, seed: int, voices: Sequence[str] = VOICES) -> list[Phrase]:
    """Every voice says every digit `takes` times, each time at another rate and pitch."""
    random = np.random.default_rng(seed)
    return [_phrase(word, voice, random) for voice in voices for word in WORDS for _ in range(takes)]


def _phrase(word: str, voice: str, random: np.random.Generator) -> Phrase:
    pitch, pitch_range = random.integers(20, 80, 2).tolist()
    return Phrase(word, voice, int(random.integers(120, 230)), pitch, pitch_range)


def utterances(said: Sequence[Phrase]) -> Iterator[Utterance]:
    """The phrases, each one of WORDS, spoken: the same phrases in the same order always give the same samples."""
    for phrase, (sample_rate, samples) in zip(said, speak(said), strict=True):
        yield Utterance(WORDS.index(phrase.text), _resampled(samples, sample_rate))


def _resampled(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """int16 samples at SAMPLE_RATE, through the anti-aliasing filter of a polyphase resampler."""
    from scipy.signal import resample_poly  # here: readers of cached speech should not wait a second for it

    common = np.gcd(sample_rate, SAMPLE_RATE)
    slower: np.ndarray = resample_poly(samples.astype(np.float32), SAMPLE_RATE // common, sample_rate // common)
    return np.asarray(np.rint(slower).clip(-32768, 32767), np.int16)
