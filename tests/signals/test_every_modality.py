"""Whatever the sample, a description is finite or absent, and no sample is too odd to be described."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.signals.made import video
from workers.signals import MODALITIES, Value, describe
from workers.signals.finite import finite

PICTURES = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(0, 9), st.integers(0, 9)) | st.tuples(st.integers(0, 9), st.integers(0, 9), st.just(3)),
)
SOUNDS = hnp.arrays(np.float32, st.integers(0, 2000), elements=st.floats(-1, 1, width=32), fill=st.just(np.float32(0)))
ODD_SOUNDS = hnp.arrays(np.float32, st.integers(0, 50), elements=st.floats(width=32))
CLIPS = st.tuples(
    hnp.arrays(np.uint8, st.tuples(st.integers(0, 6), st.just(5), st.just(4), st.just(3))), st.floats(0, 3, width=16)
)
RATES = st.none() | st.sampled_from([1, 50, 8000, 44_100, 384_000])


def check(signals: dict[str, Value]) -> None:
    for name, value in signals.items():
        assert name.startswith("x.")
        if isinstance(value, np.ndarray):
            assert value.dtype == np.float32 and np.isfinite(value).all()
        else:
            assert isinstance(value, str) or (type(value) is float and np.isfinite(value))


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    check(dict(describe("x", "text", text)))


def test_half_a_surrogate_pair_is_a_text_too() -> None:
    check(dict(describe("x", "text", "\ud800 broken \udfff")))


@given(PICTURES)
def test_any_picture(picture: np.ndarray) -> None:
    check(dict(describe("x", "image", picture)))


@given(SOUNDS | ODD_SOUNDS, RATES)
def test_any_sound(sound: np.ndarray, rate: int | None) -> None:
    check(dict(describe("x", "audio", sound, rate)))


@given(CLIPS, SOUNDS, st.sampled_from([0, 8000]))
def test_any_video(clip: tuple[np.ndarray, float], sound: np.ndarray, rate: int) -> None:
    frames, gap = clip
    check(dict(describe("x", "video", video(frames, np.arange(len(frames)) * gap, sound, rate))))


def test_every_modality_that_is_decoded_has_signals() -> None:
    from workers.serving import media

    assert set(MODALITIES) == set(media.MODALITIES)


def test_what_is_unknown_or_not_finite_is_absent() -> None:
    values: dict[str, Value | None] = {"a": None, "b": float("nan"), "c": float("inf"), "d": 1, "e": "x"}
    assert finite(values | {"f": np.array([1.0, np.nan])}) == {"d": 1.0, "e": "x"}


@pytest.mark.parametrize("heavy", ["torch", "django", "scipy"])
def test_the_signals_need_nothing_heavy(heavy: str) -> None:
    check = f"import sys, workers.signals; sys.exit('{heavy}' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
