"""Kept inputs are described by what is in them; what cannot be read is kept all the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.live.artifact import picture, silence
from workers.describe import content
from workers.serving.tensors import Tensor, from_array


def file(raw: bytes) -> Tensor:
    return Tensor("BYTES", (), [raw])


def test_a_picture_tells_its_size_and_brightness() -> None:
    found = content("image", file(picture()))
    assert (found.media_type, found.raw) == ("image/png", picture())
    assert found.descriptors["width"] > 0
    assert 0 <= found.descriptors["brightness"] <= 1


def test_a_sound_tells_its_length_and_loudness() -> None:
    found = content("audio", file(silence()))
    assert found.media_type == "audio/wav"
    assert (found.descriptors["loudness"], found.descriptors["sample_rate"]) == (0.0, 8000)
    assert found.descriptors["seconds"] > 0


def test_a_text_tells_how_long_it_is() -> None:
    found = content("text", file("wie geht's, Jürgen?".encode()))
    assert (found.descriptors["characters"], found.descriptors["words"]) == (19, 3)


def test_numbers_tell_their_range() -> None:
    found = content("tensor", from_array(np.array([1.0, 3.0, np.nan], "<f4")))
    assert (found.descriptors["least"], found.descriptors["most"], found.descriptors["mean"]) == (1.0, 3.0, 2.0)
    assert (found.descriptors["datatype"], found.descriptors["shape"]) == ("FP32", [3])


@pytest.mark.parametrize("modality", ["image", "audio", "video", "text"])
@given(raw=st.binary(max_size=200))
def test_whatever_it_is_it_is_kept_as_it_came(modality: str, raw: bytes) -> None:
    found = content(modality, file(raw))
    assert found.raw == raw
    assert "\0" not in str(found.descriptors.get("problem", ""))
