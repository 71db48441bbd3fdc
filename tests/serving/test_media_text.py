"""Texts, and what an input may declare."""

import pytest

from tests.serving import worlds
from tests.serving.media_specs import refusal, spec
from workers.serving import media


@pytest.mark.parametrize("types", [["image/heic", "image/png"], []])
def test_one_media_type_that_is_decoded_will_do(types):
    media.check_decodable(spec(worlds.IMAGE, media_types=types))


def test_text_may_have_as_many_characters_as_declared_and_no_more():
    text = spec(worlds.TEXT, max_characters=3)
    assert media.decode(text, "äöü".encode()) == "äöü"  # three, in six bytes
    assert "4 characters, more than the 3 allowed" in refusal(text, b"four")


def test_text_must_be_utf8():
    text = spec(worlds.TEXT)
    assert media.decode(text, "naïve".encode()) == "naïve"
    assert "UTF-8" in refusal(text, b"\xff")
