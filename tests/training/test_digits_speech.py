"""Speech from espeak-ng is real, repeatable and leaves no process behind."""

import re

import numpy as np
import psutil
import pytest

from workers.training.digits_av.speech import Phrase, SpeechError, speak
from workers.training.digits_av.utterances import ACCENTS, SAMPLE_RATE, SPEAKERS, utterances

# f2 has breath (random) and m1 flutter (goes on from phrase to phrase): the two ways in which espeak-ng would differ.
PHRASES = [Phrase("seven", voice, 170, 50, 50) for voice in ("en-us+m1", "en-us+f2", "en-us+m1", "en-us+f2")]


def test_the_same_phrases_always_give_the_same_samples() -> None:
    first, again = list(speak(PHRASES)), list(speak(PHRASES))
    for (_, samples), (_, repeated) in zip(first, again, strict=True):
        assert np.array_equal(samples, repeated)


def test_every_phrase_is_heard() -> None:
    for sample_rate, samples in speak(PHRASES):
        assert 0.2 < len(samples) / sample_rate < 1.5
        assert np.abs(samples).max() > 3000


def test_a_faster_rate_is_shorter() -> None:
    slow, fast = (samples for _, samples in speak([Phrase("three", "en-us", rate, 50, 50) for rate in (120, 230)]))
    assert len(fast) < len(slow)


@pytest.mark.parametrize("voice", ["en-us+nobody", "xx-nowhere"])
def test_an_unknown_voice_is_named_in_the_error(voice: str) -> None:
    with pytest.raises(SpeechError, match=re.escape(f"no voice named '{voice}'")):
        list(speak([Phrase("seven", voice, 170, 50, 50)]))


@pytest.mark.parametrize("accent", ACCENTS)
def test_every_speaker_of_an_accent_has_a_voice_of_their_own(accent: str) -> None:
    said = [Phrase("seven", f"{accent}+{speaker}", 170, 50, 50) for speaker in SPEAKERS]
    assert len({samples.tobytes() for _, samples in speak(said)}) == len(SPEAKERS)


def test_a_listener_that_leaves_early_leaves_no_child() -> None:
    before = set(psutil.Process().children())
    spoken = speak(PHRASES * 50)
    next(spoken)
    assert set(psutil.Process().children()) > before
    spoken.close()
    assert set(psutil.Process().children()) == before


def test_an_utterance_keeps_its_length_in_seconds_at_8_khz() -> None:
    for (sample_rate, samples), utterance in zip(speak(PHRASES), utterances(PHRASES), strict=True):
        assert abs(len(utterance.samples) / SAMPLE_RATE - len(samples) / sample_rate) <= 1 / SAMPLE_RATE
