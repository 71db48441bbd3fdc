"""Containers made to cost or to mislead: each is refused in a sentence, at a price that its size explains."""

import contextlib
import resource
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.serving import clips, worlds
from tests.serving.media_specs import CLIP, refusal, spec
from workers.serving import media
from workers.serving.errors import BadMedia

MP4 = clips.clip("mp4", sound=clips.tone(1.0))
WEBM = clips.clip("webm", sound=clips.tone(1.0))
VP9 = clips.clip("webm", picture_codec="libvpx-vp9")
FILES = {"mp4": MP4, "webm": WEBM}


def patched(raw: bytes, tag: bytes, offset: int, *values: int, nth: int = 0) -> bytes:
    """An MP4 with 32-bit numbers written at this distance from the letters of its nth box of a kind."""
    at = -1
    for _ in range(nth + 1):
        at = raw.index(tag, at + 1)
    numbers = struct.pack(f">{len(values)}I", *values)
    return raw[: at + offset] + numbers + raw[at + offset + len(numbers) :]


def boxed(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def box(raw: bytes, kind: bytes) -> bytes:
    """The first box of this kind, whole."""
    at = raw.index(kind) - 4
    return raw[at : at + int.from_bytes(raw[at : at + 4], "big")]


@pytest.mark.parametrize("raw", [b"", b"no video", worlds.png(), worlds.wav(), b"ftyp", b"\x1a\x45\xdf\xa3"])
def test_a_file_of_another_kind_is_refused(raw):
    refusal(CLIP, raw)


def test_what_a_file_is_counts_and_not_what_it_could_be():
    assert "a WebM file; the model takes video/mp4" in refusal(spec(worlds.CLIP, media_types=["video/mp4"]), WEBM)
    assert "an MP4 file; the model takes video/webm" in refusal(spec(worlds.CLIP, media_types=["video/webm"]), MP4)


def test_matroska_that_is_no_webm_is_refused():
    assert "another kind than WebM" in refusal(CLIP, WEBM.replace(b"webm", b"mkvx", 1))


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("part", [0.01, 0.1, 0.5, 0.9, 0.99])
def test_a_file_cut_short_is_refused(kind, part):
    refusal(CLIP, FILES[kind][: int(len(FILES[kind]) * part)])


def test_a_picture_codec_that_is_not_decoded_is_named():
    told = refusal(CLIP, clips.clip("mp4", picture_codec="mpeg4"))
    assert "coded as mpeg4; h264, vp8, vp9 are decoded" in told


def test_a_sound_alone_is_no_video():
    assert "no track of pictures" in refusal(CLIP, clips.sound_file("m4a", clips.tone(1.0, rate=16_000), 16_000))


@pytest.mark.parametrize("raw", [MP4, WEBM, VP9], ids=["h264", "vp8", "vp9"])
def test_pictures_larger_than_allowed_are_refused(raw):
    assert "pixels allowed" in refusal(spec(worlds.CLIP, max_pixels=1000), raw)


@pytest.mark.parametrize("raw", [MP4, WEBM, VP9], ids=["h264", "vp8", "vp9"])
def test_a_size_that_only_the_codec_tells_is_held_against_the_limit_too(raw):
    small, large = struct.pack(">HH", 64, 48), struct.pack(">HH", 16, 16)
    lying = raw.replace(small, large).replace(b"\xb0\x81\x40\xba\x81\x30", b"\xb0\x81\x10\xba\x81\x10")
    assert lying != raw
    assert "pixels allowed" in refusal(spec(worlds.CLIP, max_pixels=1000), lying)


def test_a_video_that_claims_hours_is_refused_by_its_header():
    hours_each = patched(MP4, b"stts", 16, 2**30)  # units of a frame's duration
    assert "more than the 4 allowed" in refusal(CLIP, hours_each)


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("rate", [None, 1.0])
def test_a_frame_hours_later_is_refused(kind, rate):
    raw = clips.clip(kind, times=[0, 0.1, 7200.0])
    assert "more than the 4 allowed" in refusal(spec(worlds.CLIP, frames_per_second=rate), raw)


@pytest.mark.parametrize("kind", FILES)
def test_a_sound_hours_later_is_refused(kind):
    refusal(CLIP, clips.clip(kind, sound=clips.tone(0.1), sound_start=7200.0))


def test_more_frames_than_allowed_are_refused_without_decoding_the_rest():
    raw = clips.clip(count=60, times=np.arange(60) / 20)
    assert "more than the 5 frames allowed" in refusal(spec(worlds.CLIP, max_frames=5), raw)


def test_more_ticks_than_frames_allowed_are_refused():
    assert "more than the 100 frames allowed" in refusal(spec(worlds.CLIP, frames_per_second=240), clips.clip())


def test_frames_that_come_too_densely_are_refused():
    raw = clips.clip("mp4", times=np.arange(500) / 1000, width=16, height=16)
    assert "240 frames a second" in refusal(spec(worlds.CLIP, max_seconds=0.9, frames_per_second=1), raw)


def test_frames_that_would_fill_the_memory_are_refused():
    wide = spec(worlds.CLIP, max_pixels=2000 * 1000, max_frames=10_000, frames_per_second=1000)
    assert "1024 MiB" in refusal(wide, clips.clip(count=2, width=1920, height=1000))


@pytest.mark.parametrize("count", [9, 3000])
def test_thousands_of_tracks_are_refused(count):
    movie, track = box(MP4, b"moov"), box(MP4, b"trak")
    raw = MP4.replace(movie, boxed(b"moov", movie[8:] + track * count))
    refusal(CLIP, raw)


def test_a_table_that_claims_billions_of_packets_costs_no_memory():
    claims = patched(MP4, b"stsz", 8, 1, 50_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "claims to hold more than 1000000 packets" in refusal(CLIP, patched(claims, b"stsc", 16, 50_000_000))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_a_run_of_a_fragment_that_claims_billions_of_packets_is_refused():
    fragment = boxed(b"moof", boxed(b"traf", boxed(b"tfhd", bytes(8)) + boxed(b"trun", struct.pack(">II", 0, 2**31))))
    assert "packets" in refusal(CLIP, MP4 + fragment)


def test_an_edit_list_of_thousands_of_parts_does_not_multiply_the_packets():
    many = spec(worlds.CLIP, max_seconds=600, max_frames=20)
    edits = box(MP4, b"elst")
    parts = struct.pack(">II", 0, 20_000) + struct.pack(">III", 1000, 0, 1 << 16) * 20_000
    raw = MP4.replace(edits, boxed(b"elst", parts), 1)
    for kind in (b"edts", b"trak", b"moov"):
        at = raw.index(kind) - 4
        size = int.from_bytes(raw[at : at + 4], "big") + len(parts) + 8 - len(edits)
        raw = raw[:at] + struct.pack(">I", size) + raw[at + 4 :]
    assert len(media.decode(many, raw).frames) == 10


def test_compressed_tables_are_refused():
    assert "cmov" in refusal(CLIP, MP4 + boxed(b"moov", boxed(b"cmov", bytes(20))))


def test_the_word_trunk_in_a_title_is_no_run_of_a_fragment():
    assert len(media.decode(CLIP, MP4 + boxed(b"udta", b"the elephant's trunk hangs down")).frames) == 10


def test_a_video_of_no_frames_is_refused():
    empty = patched(patched(MP4, b"stsz", 12, 0), b"stts", 8, 0)
    refusal(CLIP, empty)


@settings(max_examples=60)
@given(st.sampled_from([MP4, WEBM, VP9]), st.binary(max_size=40), st.floats(0, 1))
def test_no_damage_to_a_video_is_anybody_elses_fault(raw, noise, part):
    place = int(part * len(raw))
    with contextlib.suppress(BadMedia):
        media.decode(CLIP, raw[:place] + noise + raw[place + len(noise) :])


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0, 1, 127, 255])), min_size=1, max_size=8))
def test_no_damage_to_the_tables_of_an_mp4_is_anybody_elses_fault(changes):
    raw, tables = bytearray(MP4), MP4.index(b"moov")
    for part, value in changes:
        raw[tables + int(part * (len(raw) - tables - 1))] = value
    with contextlib.suppress(BadMedia):
        media.decode(CLIP, bytes(raw))
