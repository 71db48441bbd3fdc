"""Media decoding: what is whole comes out as declared, what is not is the caller's fault and named."""

import contextlib
import io
import struct
import zlib

import msgspec
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.serving import worlds
from workers.serving import media
from workers.serving.errors import BadMedia
from workers.serving.routing import InputSpec


def spec(declared: dict, **changes) -> InputSpec:
    return msgspec.convert(declared | changes, InputSpec)


IMAGE = spec(worlds.IMAGE)
SOUND = spec(worlds.SOUND)


def refusal(decode, declared: InputSpec, raw: bytes) -> str:
    with pytest.raises(BadMedia) as caught:
        decode(declared, raw)
    assert str(caught.value).startswith(f"Input '{declared.name}': ")
    return str(caught.value)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def test_a_colour_picture_is_height_width_rgb():
    array = media.image(IMAGE, worlds.png((8, 6), "RGB"))
    assert (array.shape, array.dtype) == ((6, 8, 3), np.uint8)


@pytest.mark.parametrize("mode", ["L", "1", "LA"])
def test_a_grey_picture_is_height_width(mode):
    assert media.image(IMAGE, worlds.png((8, 6), mode)).shape == (6, 8)


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_a_picture_in_another_colour_mode_becomes_rgb(mode):
    assert media.image(IMAGE, worlds.png((8, 6), mode)).shape == (6, 8, 3)


def test_a_picture_is_turned_upright():
    lying = Image.new("RGB", (8, 6))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right
    file = io.BytesIO()
    lying.save(file, "JPEG", exif=exif)
    assert media.image(spec(worlds.IMAGE, media_types=["image/jpeg"]), file.getvalue()).shape == (8, 6, 3)


@pytest.mark.parametrize("raw", [b"", b"no picture", worlds.png()[:40], worlds.png()[:-20]])
def test_a_broken_picture_is_refused(raw):
    refusal(media.image, IMAGE, raw)


def test_a_picture_with_a_changed_byte_is_refused():
    raw = bytearray(worlds.png((30, 30)))
    raw[60] ^= 0xFF
    refusal(media.image, IMAGE, bytes(raw))


def test_a_picture_of_another_type_is_refused():
    assert "PNG" in refusal(media.image, IMAGE, worlds.picture(Image.new("RGB", (8, 6)), "JPEG"))


def test_a_picture_with_more_pixels_than_allowed_is_refused():
    assert "200 x 100, more than the 10000 pixels" in refusal(media.image, IMAGE, worlds.png((200, 100)))


@pytest.mark.parametrize("side", [20_000, 2**31 - 1])
def test_a_decompression_bomb_is_refused_by_its_header(side):
    assert "pixels allowed" in refusal(media.image, IMAGE, bomb(side, side))


def test_a_deep_picture_is_refused_rather_than_clipped():
    deep = worlds.picture(Image.fromarray(np.zeros((4, 4), np.uint16)), "PNG")
    assert "8 bits" in refusal(media.image, IMAGE, deep)


@given(st.binary(max_size=300), st.integers(0, 200))
def test_no_damage_to_a_picture_is_anybody_elses_fault(noise, place):
    raw = worlds.png((20, 20))
    with contextlib.suppress(BadMedia):
        media.image(IMAGE, raw[:place] + noise + raw[place + len(noise) :])


def test_a_sound_is_mono_float32_between_minus_one_and_one():
    array = media.audio(SOUND, worlds.wav(0.1))
    assert (array.shape, array.dtype) == ((800,), np.float32)
    assert 0.4 < np.abs(array).max() <= 1


def test_stereo_becomes_the_mean_of_its_channels():
    file = io.BytesIO()
    soundfile.write(file, np.array([[0.5, 0.1]] * 10), 8000, format="WAV", subtype="FLOAT")
    assert media.audio(SOUND, file.getvalue()) == pytest.approx([0.3] * 10)


def test_a_sound_louder_than_full_scale_is_clipped():
    file = io.BytesIO()
    soundfile.write(file, np.array([3.0, -3.0]), 8000, format="WAV", subtype="FLOAT")
    assert media.audio(SOUND, file.getvalue()).tolist() == [1, -1]


def test_a_wrong_sample_rate_is_refused_with_both_named():
    told = refusal(media.audio, SOUND, worlds.wav(rate=16000))
    assert "16000 Hz" in told and "8000 Hz" in told


def test_a_sound_that_is_too_long_is_refused():
    assert "3.0 seconds, more than the 2 allowed" in refusal(media.audio, SOUND, worlds.wav(3))


def test_a_sound_of_another_type_is_refused():
    file = io.BytesIO()
    soundfile.write(file, np.zeros(10), 8000, format="FLAC")
    assert "FLAC" in refusal(media.audio, SOUND, file.getvalue())


@pytest.mark.parametrize("raw", [b"", b"no sound", worlds.wav()[:30], b"RIFF" + b"\xff" * 100])
def test_a_broken_sound_is_refused(raw):
    refusal(media.audio, SOUND, raw)


def test_a_sound_cut_short_is_refused():
    assert "cut short" in refusal(media.audio, SOUND, worlds.wav()[:-100])


def test_a_sound_without_samples_is_refused():
    assert "no sound" in refusal(media.audio, SOUND, worlds.wav(0))


def test_a_sound_of_no_numbers_is_refused():
    file = io.BytesIO()
    soundfile.write(file, np.array([np.nan] * 10), 8000, format="WAV", subtype="FLOAT")
    assert "no numbers" in refusal(media.audio, SOUND, file.getvalue())


@given(st.binary(max_size=300), st.integers(0, 200))
def test_no_damage_to_a_sound_is_anybody_elses_fault(noise, place):
    raw = worlds.wav()
    with contextlib.suppress(BadMedia):
        media.audio(SOUND, raw[:place] + noise + raw[place + len(noise) :])


@pytest.mark.parametrize("types", [["image/heic", "image/png"], []])
def test_one_media_type_that_is_decoded_will_do(types):
    media.check_decodable(spec(worlds.IMAGE, media_types=types))


def test_text_may_have_as_many_characters_as_declared_and_no_more():
    text = spec(worlds.TEXT, max_characters=3)
    assert media.text(text, "äöü".encode()) == "äöü"  # three, in six bytes
    assert "4 characters, more than the 3 allowed" in refusal(media.text, text, b"four")


def test_text_must_be_utf8():
    text = spec(worlds.TEXT)
    assert media.text(text, "naïve".encode()) == "naïve"
    assert "UTF-8" in refusal(media.text, text, b"\xff")
