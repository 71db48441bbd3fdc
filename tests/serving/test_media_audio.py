"""Sound files: what is whole comes out as declared, what is not is the caller's fault and named."""

import contextlib
import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from tests.serving import clips, worlds
from tests.serving.media_specs import SOUND, refusal, spec
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


@pytest.mark.parametrize(("kind", "media_type", "rate"), [("mp3", "audio/mpeg", 16_000), ("ogg", "audio/ogg", 48_000)])
def test_a_coded_sound_file_has_its_length_and_pitch(kind, media_type, rate):
    declared = spec(worlds.SOUND, media_types=[media_type], sample_rate=rate)
    sound = media.decode(declared, clips.sound_file(kind, clips.tone(1.0, rate=rate), rate))
    assert len(sound) == pytest.approx(rate, rel=0.15)  # coders fill up their last packet
    assert clips.pitch(sound, rate) == pytest.approx(440, abs=3)


@pytest.mark.parametrize(("kind", "media_type", "rate"), [("m4a", "audio/mp4", 44_100), ("webm", "audio/webm", 48_000)])
@pytest.mark.parametrize("wanted", [8000, 16_000])
def test_the_sound_of_a_container_is_resampled(kind, media_type, rate, wanted):
    declared = spec(worlds.SOUND, media_types=[media_type], sample_rate=wanted)
    sound = media.decode(declared, clips.sound_file(kind, clips.tone(1.0, rate=rate), rate))
    assert sound.dtype == np.float32
    assert len(sound) == pytest.approx(wanted, rel=0.05)
    assert clips.pitch(sound, wanted) == pytest.approx(440, abs=3)


def test_the_sound_of_a_video_is_a_sound():
    declared = spec(worlds.SOUND, media_types=["audio/mp4"])
    assert clips.pitch(media.decode(declared, clips.clip(sound=clips.tone(1.0)))) == pytest.approx(440, abs=3)


def test_both_channels_of_a_container_are_heard():
    declared = spec(worlds.SOUND, media_types=["audio/mp4"], sample_rate=16_000)
    left = np.stack([clips.tone(1.0, 440, 16_000), np.zeros(16_000, np.float32)])
    sound = media.decode(declared, clips.sound_file("m4a", left, 16_000, "stereo"))
    assert np.abs(sound[2000:-2000]).max() == pytest.approx(0.25, abs=0.03)


def test_a_container_is_taken_only_where_it_is_declared():
    told = refusal(SOUND, clips.sound_file("m4a", clips.tone(1.0, rate=16_000), 16_000))
    assert "an MP4 file; the model takes audio/wav" in told


def test_a_video_without_sound_is_no_sound():
    assert "no sound" in refusal(spec(worlds.SOUND, media_types=["audio/webm"]), clips.clip("webm"))


@pytest.mark.parametrize("kind", ["m4a", "webm"])
def test_a_contained_sound_that_is_too_long_is_refused(kind):
    declared = spec(worlds.SOUND, media_types=["audio/mp4", "audio/webm"], max_seconds=1)
    assert "more than the 1 allowed" in refusal(declared, clips.sound_file(kind, clips.tone(3, 440, 48_000), 48_000))


def test_a_coded_sound_of_the_allowed_length_may_fill_up_its_last_packet():
    declared = spec(worlds.SOUND, media_types=["audio/mp4"], max_seconds=1, sample_rate=16_000)
    media.decode(declared, clips.sound_file("m4a", clips.tone(1.0, 440, 16_000), 16_000))
