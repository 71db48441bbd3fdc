"""The signals of a video against what is known of it."""

import numpy as np
import pytest

from tests.signals.made import RATE, tone, video
from workers.signals.video import describe
from workers.training.injections import dropping

RANDOM = np.random.default_rng(0)
NOISE = RANDOM.integers(0, 256, (20, 24, 32, 3)).astype(np.uint8)
TIMES = np.arange(20) / 10


def test_the_frame_rate_is_told_and_no_frame_is_missed() -> None:
    signals = describe(video(NOISE, TIMES))
    assert signals["frame_rate"] == pytest.approx(10)
    assert signals["dropped"] == 0.0
    assert signals["frames"] == 20.0


def test_frames_that_are_missing_are_counted_by_the_gaps() -> None:
    kept = np.ones(20, bool)
    kept[[3, 8, 9, 15]] = False
    assert describe(video(NOISE[kept], TIMES[kept]))["dropped"] == pytest.approx(4 / 20)


def test_what_a_slow_link_drops_before_the_last_frame_is_counted_exactly() -> None:
    for _ in range(50):
        left = dropping(video(NOISE, TIMES), RANDOM)
        shown = round(left.times[-1] * 10) + 1
        assert describe(left)["dropped"] == pytest.approx(1 - len(left.times) / shown)


def test_a_picture_that_stands_still_is_frozen_and_does_not_move() -> None:
    still, moving = describe(video(NOISE[[0] * 20], TIMES)), describe(video(NOISE, TIMES))
    assert (still["frozen"], still["motion"]) == (1.0, 0.0)
    assert moving["frozen"] == 0.0
    assert moving["motion"] > 0.05


def test_a_change_of_scene_is_a_cut_and_a_flicker_is_not() -> None:
    scenes = np.repeat(np.array([20, 220, 90], np.uint8), (7, 7, 6))[:, None, None, None] + NOISE // 32
    assert describe(video(scenes.astype(np.uint8), TIMES))["cuts"] == pytest.approx(2 / (1.9 / 60))
    assert describe(video(NOISE // 32 + 100, TIMES))["cuts"] == 0.0


def test_the_sound_of_a_video_is_described_as_a_sound() -> None:
    signals = describe(video(NOISE, TIMES, tone(150, 2.0), RATE))
    assert signals["sound.pitch"] == pytest.approx(150, rel=0.03)
    assert not any(name.startswith("sound.") for name in describe(video(NOISE, TIMES)))


def test_one_frame_has_no_rate_and_no_motion() -> None:
    assert not describe(video(NOISE[:1], TIMES[:1])).keys() & {"frame_rate", "motion", "dropped", "cuts"}
