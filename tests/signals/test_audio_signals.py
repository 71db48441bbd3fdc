"""The signals of a sound against what is known of it."""

import numpy as np
import pytest

from tests.signals.made import RATE, tone
from workers.signals.audio import describe
from workers.training.injections import noise_at

RANDOM = np.random.default_rng(0)
NOISE = RANDOM.normal(0, 0.1, RATE).astype(np.float32)
SILENCE = np.zeros(RATE, np.float32)


def test_loudness_is_the_root_mean_square_in_decibels() -> None:
    assert describe(np.full(RATE, 0.1, np.float32), RATE)["loudness"] == pytest.approx(-20)
    assert describe(SILENCE, RATE)["loudness"] == -100


def test_white_noise_is_flat_and_a_tone_is_not() -> None:
    assert describe(NOISE, RATE)["flatness"] == pytest.approx(0.56, abs=0.05)  # exp(-gamma): periodograms of noise
    assert describe(tone(200), RATE)["flatness"] < 0.02


@pytest.mark.parametrize("rate", [8000, 16_000, 48_000])
@pytest.mark.parametrize("hertz", [80, 120, 210, 330])
def test_pitch_is_that_of_the_voice_at_every_rate(hertz: float, rate: int) -> None:
    assert describe(tone(hertz, rate=rate), rate)["pitch"] == pytest.approx(hertz, rel=0.03)


def test_neither_noise_nor_silence_has_a_pitch() -> None:
    assert "pitch" not in describe(NOISE, RATE)
    assert "pitch" not in describe(SILENCE, RATE)


@pytest.mark.parametrize("decibels", [0, 10, 20])
def test_more_noise_is_less_signal_to_noise(decibels: float) -> None:
    spoken = np.concatenate([tone(150, 0.5), np.zeros(RATE // 2, np.float32)])
    level = np.sqrt(np.mean(np.square(tone(150, 0.5))))
    noisy = spoken + RANDOM.normal(0, level * 10 ** (-decibels / 20), RATE).astype(np.float32)
    expected = 10 * np.log10(1 + 10 ** (decibels / 10))
    assert describe(noisy, RATE)["snr"] == pytest.approx(expected, abs=2)


def test_silence_is_counted_by_frames() -> None:
    half = np.concatenate([tone(150, 0.5), np.zeros(RATE // 2, np.float32)])
    assert describe(half, RATE)["silence"] == pytest.approx(0.5, abs=0.05)
    assert describe(SILENCE, RATE)["silence"] == 1.0


def test_full_scale_is_clipping() -> None:
    assert describe(np.sign(tone(100)), RATE)["clipping"] > 0.9
    assert describe(tone(100), RATE)["clipping"] == 0.0


def test_the_rate_and_the_length_are_told() -> None:
    signals = describe(tone(100, 0.25), RATE)
    assert (signals["rate"], signals["seconds"]) == (8000.0, 0.25)


def test_without_a_rate_only_loudness_can_be_told() -> None:
    assert describe(tone(100)).keys() == {"loudness", "clipping"}


def test_the_embedding_tells_timbre_and_not_loudness() -> None:
    soft, loud, other = (describe(each, RATE)["embedding"] for each in (0.2 * tone(150), tone(150), NOISE))
    assert np.abs(soft - loud).max() < 0.5
    assert np.abs(loud - other).max() > 2


def test_noise_at_so_many_decibels_is_at_so_many() -> None:
    sound = tone(150)
    noise = noise_at(10)(sound, RANDOM) - sound
    assert 10 * np.log10(np.mean(sound**2) / np.mean(noise**2)) == pytest.approx(10, abs=0.5)
