"""Sound files: what is whole comes out as declared, what is not is the caller's fault and named."""

import contextlib
import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from tests.serving import worlds
from tests.serving.media_specs import SOUND, refusal
from workers.serving import media
from workers.serving.errors import BadMedia


def test_a_sound_is_mono_float32_between_minus_one_and_one():
    array = media.decode(SOUND, worlds.wav(0.1))
    assert (array.shape, array.dtype) == ((800,), np.float32)
    assert 0.4 < np.abs(array).max() <= 1


def test_stereo_becomes_the_mean_of_its_channels():
    file = io.BytesIO()
    soundfile.write(file, np.array([[0.5, 0.1]] * 10), 8000, format="WAV", subtype="FLOAT")
    assert media.decode(SOUND, file.getvalue()) == pytest.approx([0.3] * 10)


def test_a_sound_louder_than_full_scale_is_clipped():
    file = io.BytesIO()
    soundfile.write(file, np.array([3.0, -3.0]), 8000, format="WAV", subtype="FLOAT")
    assert media.decode(SOUND, file.getvalue()).tolist() == [1, -1]


def test_a_wrong_sample_rate_is_refused_with_both_named():
    told = refusal(SOUND, worlds.wav(rate=16000))
    assert "16000 Hz" in told and "8000 Hz" in told


def test_a_sound_that_is_too_long_is_refused():
    assert "3.0 seconds, more than the 2 allowed" in refusal(SOUND, worlds.wav(3))


def test_a_sound_of_another_type_is_refused():
    file = io.BytesIO()
    soundfile.write(file, np.zeros(10), 8000, format="FLAC")
    assert "FLAC" in refusal(SOUND, file.getvalue())


@pytest.mark.parametrize("raw", [b"", b"no sound", worlds.wav()[:30], b"RIFF" + b"\xff" * 100])
def test_a_broken_sound_is_refused(raw):
    refusal(SOUND, raw)


def test_a_sound_cut_short_is_refused():
    assert "cut short" in refusal(SOUND, worlds.wav()[:-100])


def test_a_sound_without_samples_is_refused():
    assert "no sound" in refusal(SOUND, worlds.wav(0))


def test_a_sound_of_no_numbers_is_refused():
    file = io.BytesIO()
    soundfile.write(file, np.array([np.nan] * 10), 8000, format="WAV", subtype="FLOAT")
    assert "no numbers" in refusal(SOUND, file.getvalue())


@given(st.binary(max_size=300), st.integers(0, 200))
def test_no_damage_to_a_sound_is_anybody_elses_fault(noise, place):
    raw = worlds.wav()
    with contextlib.suppress(BadMedia):
        media.decode(SOUND, raw[:place] + noise + raw[place + len(noise) :])
