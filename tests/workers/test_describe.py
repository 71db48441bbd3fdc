"""Kept inputs are described by their signals; what cannot be read or takes too long is told, and kept all the same."""

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.live.artifact import picture, silence
from tests.serving.clips import clip, sound_file, tone
from workers import file_signals, signals
from workers.describe import content
from workers.serving import media
from workers.serving.routing import InputSpec
from workers.serving.tensors import Tensor, from_array

FILES = {"image": picture(), "audio": silence(), "text": "wie geht's, Jürgen?".encode(), "video": clip(sound=tone(1.0))}
PAGE = (Path(__file__).parents[2] / "docs/predictions.md").read_text()
RATES = {"audio": 8000, "video": 16000}


def file(raw: bytes) -> Tensor:
    return Tensor("BYTES", (), [raw])


def told(modality: str, raw: bytes) -> dict[str, Any]:
    return content(modality, file(raw)).descriptors


def sound(seconds: float, rate: int = 8000, kind: str = "WAV", level: float = 0.5) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, level * tone(seconds, rate=rate), rate, format=kind)
    return buffer.getvalue()


def saved(form: str, size: tuple[int, int] = (8, 6), **more: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (200, 40, 90)).save(buffer, form, **more)
    return buffer.getvalue()


@pytest.mark.parametrize("modality", FILES)
def test_a_kept_file_has_the_signals_that_drift_looks_for(modality: str) -> None:
    spec = InputSpec("x", "BYTES", (-1,), modality, sample_rate=RATES.get(modality))
    expected = signals.described(modality, media.decode(spec, FILES[modality]), RATES.get(modality))
    found = told(modality, FILES[modality])
    assert found.keys() == {"modality", "signals"}
    assert found["signals"].keys() == expected.keys()
    for name, value in expected.items():
        close = value if isinstance(value, str) else pytest.approx(np.asarray(value), rel=1e-3)
        assert found["signals"][name] == close, name


@pytest.mark.parametrize(
    ("modality", "raw", "media_type"),
    [
        ("image", picture(), "image/png"),
        ("image", saved("JPEG"), "image/jpeg"),
        ("image", saved("MPO", save_all=True, append_images=[Image.new("RGB", (8, 6))]), "image/jpeg"),
        ("audio", silence(), "audio/wav"),
        ("audio", sound(0.1, kind="FLAC"), "audio/flac"),
        ("audio", sound_file("mp3", tone(0.2), 8000), "audio/mpeg"),
        ("audio", sound_file("m4a", tone(0.2), 8000), "audio/mp4"),
        ("audio", sound_file("webm", tone(0.2, rate=48000), 48000), "audio/webm"),
        ("video", clip("webm"), "video/webm"),
        ("text", b"seven", "text/plain; charset=utf-8"),
    ],
)
def test_the_media_type_is_told_by_the_content(modality: str, raw: bytes, media_type: str) -> None:
    found = content(modality, file(raw))
    assert (found.media_type, "problem" in found.descriptors) == (media_type, False)


def test_a_large_picture_tells_its_size_and_that_the_rest_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_signals, "PIXELS_MOST", 28 * 28 - 1)
    found = content("image", file(picture()))
    assert found.descriptors["signals"] == {"width": 28, "height": 28}
    assert found.descriptors["skipped"].startswith("It is 28 x 28;")
    assert found.media_type == "image/png"


def test_the_size_of_a_large_picture_is_that_of_the_upright_one(monkeypatch: pytest.MonkeyPatch) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    raw = saved("JPEG", exif=turned)
    whole = told("image", raw)["signals"]
    monkeypatch.setattr(file_signals, "PIXELS_MOST", 1)
    assert (
        told("image", raw)["signals"]
        == {name: whole[name] for name in ("width", "height")}
        == {
            "width": 6,
            "height": 8,
        }
    )


@pytest.mark.parametrize("raw", [sound(1.5), sound_file("m4a", tone(1.5), 8000), sound_file("mp3", tone(1.5), 8000)])
def test_a_long_sound_tells_its_length_and_rate_and_that_the_rest_is_skipped(
    raw: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_signals, "SECONDS_MOST", 1)
    found = told("audio", raw)
    assert "problem" not in found
    assert found["signals"] == {"rate": 8000, "seconds": pytest.approx(1.5, abs=0.3)}
    assert found["skipped"].startswith("It lasts ")


@pytest.mark.parametrize("kind", ["mp4", "webm"])
@pytest.mark.parametrize(("limit", "most"), [("SECONDS_MOST", 0.5), ("FRAME_PIXELS_MOST", 5 * 64 * 48)])
def test_a_long_or_large_video_tells_its_length_and_that_the_rest_is_skipped(
    kind: str, limit: str, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_signals, limit, most)
    found = told("video", clip(kind))
    assert (found["signals"], "problem" in found) == ({"seconds": pytest.approx(1, abs=0.1)}, False)
    assert found["skipped"]


def test_what_is_damaged_keeps_its_type_and_what_its_head_told() -> None:
    whole = saved("PNG", (64, 64))
    found = content("image", file(whole[:-30]))
    assert (found.media_type, found.descriptors["signals"]) == ("image/png", {"width": 64, "height": 64})
    assert found.descriptors["problem"].startswith("it is not a whole, undamaged file")


def test_the_problem_of_a_file_that_is_something_else_is_told() -> None:
    assert told("video", picture())["problem"] == "it is neither an MP4 nor a WebM file."


def test_several_files_in_one_input_are_no_file() -> None:
    found = content("image", Tensor("BYTES", (2,), [picture(), b"x"]))
    assert found.raw == len(picture()).to_bytes(4, "little") + picture() + b"\x01\0\0\0x"
    assert found.descriptors == {"modality": "image", "datatype": "BYTES", "shape": [2]}


def test_numbers_tell_their_range() -> None:
    found = content("tensor", from_array(np.array([1.0, 3.0, np.nan], "<f4"))).descriptors
    assert (found["least"], found["most"], found["mean"]) == (1.0, 3.0, 2.0)
    assert (found["datatype"], found["shape"]) == ("FP32", [3])


@given(st.floats(width=64) | st.integers(-(2**60), 2**60).map(float))
def test_a_number_is_plain_json_or_absent(value: float) -> None:
    kept = file_signals._Found(b"", signals={"x": value}).descriptors().get("signals", {})
    assert ("x" in kept) is math.isfinite(value)
    assert not kept or kept["x"] == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize("modality", ["image", "audio", "video", "text"])
@given(raw=st.binary(max_size=200))
def test_whatever_it_is_it_is_kept_as_it_came(modality: str, raw: bytes) -> None:
    found = content(modality, file(raw))
    assert found.raw == raw
    assert "\0" not in str(found.descriptors.get("problem", ""))
    assert found.descriptors.keys() & {"signals", "problem"}


@pytest.mark.parametrize("limit", ["PIXELS_MOST", "SECONDS_MOST", "FRAME_PIXELS_MOST"])
def test_what_is_skipped_is_documented(limit: str) -> None:
    assert f"more than {getattr(file_signals, limit):,} " in PAGE
