"""Pictures: what is whole comes out as declared, what is not is the caller's fault and named."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.serving import worlds
from tests.serving.media_specs import IMAGE, refusal, spec
from workers.serving import media
from workers.serving.errors import BadMedia


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def test_a_colour_picture_is_height_width_rgb():
    array = media.decode(IMAGE, worlds.png((8, 6), "RGB"))
    assert (array.shape, array.dtype) == ((6, 8, 3), np.uint8)


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_a_grey_picture_is_height_width(mode):
    assert media.decode(IMAGE, worlds.png((8, 6), mode)).shape == (6, 8)


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_a_picture_in_another_colour_mode_becomes_rgb(mode):
    assert media.decode(IMAGE, worlds.png((8, 6), mode)).shape == (6, 8, 3)


def test_a_picture_is_turned_upright():
    lying = Image.new("RGB", (8, 6))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right
    file = io.BytesIO()
    lying.save(file, "JPEG", exif=exif)
    assert media.decode(spec(worlds.IMAGE, media_types=["image/jpeg"]), file.getvalue()).shape == (8, 6, 3)


@pytest.mark.parametrize("raw", [b"", b"no picture", worlds.png()[:40], worlds.png()[:-20]])
def test_a_broken_picture_is_refused(raw):
    refusal(IMAGE, raw)


def test_a_picture_with_a_changed_byte_is_refused():
    raw = bytearray(worlds.png((30, 30)))
    raw[60] ^= 0xFF
    refusal(IMAGE, bytes(raw))


def test_a_picture_of_another_type_is_refused():
    assert "PNG" in refusal(IMAGE, worlds.picture(Image.new("RGB", (8, 6)), "JPEG"))


def test_a_picture_with_more_pixels_than_allowed_is_refused():
    assert "200 x 100, more than the 10000 pixels" in refusal(IMAGE, worlds.png((200, 100)))


@pytest.mark.parametrize("side", [20_000, 2**31 - 1])
def test_a_decompression_bomb_is_refused_by_its_header(side):
    assert "pixels allowed" in refusal(IMAGE, bomb(side, side))


def test_a_deep_picture_is_refused_rather_than_clipped():
    deep = worlds.picture(Image.fromarray(np.zeros((4, 4), np.uint16)), "PNG")
    assert "8 bits" in refusal(IMAGE, deep)


@given(st.binary(max_size=300), st.integers(0, 200))
def test_no_damage_to_a_picture_is_anybody_elses_fault(noise, place):
    raw = worlds.png((20, 20))
    with contextlib.suppress(BadMedia):
        media.decode(IMAGE, raw[:place] + noise + raw[place + len(noise) :])
