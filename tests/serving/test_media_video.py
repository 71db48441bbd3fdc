"""Videos: frames and sound come out at the times their container gives them."""

import struct

import numpy as np
import pytest

from tests.serving import clips, worlds
from tests.serving.media_specs import CLIP, spec
from workers.serving import media

KINDS = ["mp4", "webm"]


def decode(raw: bytes, **changes) -> media.Video:
    return media.decode(spec(worlds.CLIP, **changes), raw)


def rotated(mp4: bytes) -> bytes:
    """The same MP4 with the note that it is to be shown turned right by 90 degrees, as telephones write it."""
    matrix = mp4.index(b"tkhd") + 44  # past version, times, ids, layer and volume
    turned = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    return mp4[:matrix] + turned + mp4[matrix + 36 :]


@pytest.mark.parametrize("kind", KINDS)
def test_a_video_is_frames_with_times_and_sound_at_the_declared_rate(kind):
    video = decode(clips.clip(kind, sound=clips.tone(1.0)))
    assert (video.frames.shape, video.frames.dtype) == ((10, 48, 64, 3), np.uint8)
    assert (video.times.dtype, video.sound.dtype, video.sample_rate) == (np.float64, np.float32, 8000)
    assert video.times == pytest.approx(np.arange(10) / 10, abs=0.001)
    assert video.seconds == pytest.approx(1.0, abs=0.001)
    assert [clips.shade(frame) for frame in video.frames] == pytest.approx(range(10), abs=0.4)
    assert clips.pitch(video.sound) == pytest.approx(440, abs=3)


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9", "libx264"])
def test_each_picture_codec_is_decoded(codec):
    video = decode(clips.clip("mp4" if codec == "libx264" else "webm", picture_codec=codec))
    assert clips.shade(video.frames[7]) == pytest.approx(7, abs=0.4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("late", [0.0, 0.5, 1.5])
def test_a_sound_that_begins_later_is_heard_when_it_ought_to_be(kind, late):
    video = decode(clips.clip(kind, sound=clips.tone(0.4), sound_start=late))
    assert clips.onset(video.sound, video.sound_start) == pytest.approx(late, abs=0.003)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_that_begins_before_the_pictures_begins_before_zero(kind):
    video = decode(clips.clip(kind, times=1 + np.arange(10) / 10, sound=clips.tone(1.5)))
    assert video.times[0] == 0
    assert video.sound_start == pytest.approx(-1, abs=0.003)


def test_frames_may_begin_before_the_containers_own_zero():
    video = decode(clips.clip(times=np.arange(10) / 10 - 0.5, sound=clips.tone(1.0)))
    assert video.times == pytest.approx(np.arange(10) / 10)
    assert video.sound_start == pytest.approx(0.5, abs=0.003)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_that_come_unevenly_keep_their_own_times(kind):
    times = [0, 0.05, 0.3, 0.31, 1.0, 1.7]
    assert decode(clips.clip(kind, times=times)).times == pytest.approx(times, abs=0.001)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_per_second_shows_the_frame_that_is_on_at_each_tick(kind):
    video = decode(clips.clip(kind, times=[0, 0.25, 0.3, 0.9, 1.0]), frames_per_second=5)
    assert video.times[:6] == pytest.approx(np.arange(6) / 5)
    assert [round(clips.shade(frame)) for frame in video.frames[:6]] == [0, 0, 2, 2, 2, 4]


@pytest.mark.parametrize(("rate", "count"), [(0.5, 1), (2, 2), (10, 10), (30, 30)])
def test_frames_per_second_says_how_many_there_are(rate, count):
    assert len(decode(clips.clip(), frames_per_second=rate).frames) == count


def test_a_video_of_one_frame_shows_it_at_any_rate():
    assert len(decode(clips.clip(count=1), frames_per_second=0.5).frames) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_video_without_sound_has_an_empty_one(kind):
    video = decode(clips.clip(kind))
    assert (video.sound.shape, video.sound_start, video.sample_rate) == ((0,), 0.0, 8000)


def test_without_a_sample_rate_the_sound_stays_where_it_is():
    video = decode(clips.clip(sound=clips.tone(1.0)), sample_rate=None)
    assert (len(video.sound), video.sample_rate) == (0, 0)


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 44_100])
def test_the_pitch_of_the_sound_is_the_same_at_any_rate(rate):
    video = decode(clips.clip("webm", sound=clips.tone(1.0)), sample_rate=rate)
    assert len(video.sound) == pytest.approx(rate, rel=0.01)
    assert clips.pitch(video.sound, rate) == pytest.approx(440, abs=3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("width", "height"), [(98, 62), (34, 110)])
def test_pictures_of_any_size_keep_it(kind, width, height):
    assert decode(clips.clip(kind, width=width, height=height)).frames.shape[1:] == (height, width, 3)


def test_pictures_of_odd_sizes_keep_them():
    assert decode(clips.clip("webm", width=97, height=61)).frames.shape[1:] == (61, 97, 3)


def test_a_video_that_lies_on_its_side_is_turned_upright():
    lying, upright = decode(clips.clip()), decode(rotated(clips.clip()))
    assert np.array_equal(upright.frames, np.rot90(lying.frames, -1, axes=(1, 2)))


def test_a_cut_has_the_frames_and_the_sound_of_its_moments_and_says_what_is_missing():
    video = decode(clips.clip("webm", sound=clips.tone(0.4), sound_start=0.2))
    cut = video.between(0.1, 0.3)
    assert cut.times == pytest.approx([0.1, 0.2], abs=0.001)
    assert [round(clips.shade(frame)) for frame in cut.frames] == [1, 2]
    assert len(cut.sound) == 1600
    assert cut.missing == pytest.approx(0.1, abs=0.003)
    assert clips.onset(cut.sound, 0.1) == pytest.approx(0.2, abs=0.003)


def test_the_frame_at_a_moment_is_the_one_shown_then():
    assert clips.shade(decode(clips.clip()).frame_at(0.37)) == pytest.approx(3, abs=0.4)


def test_a_handler_may_write_into_what_it_is_given():
    video = decode(clips.clip(sound=clips.tone(1.0)))
    video.frames[0] = 0
    video.sound[0] = 0


def test_two_decodings_of_one_file_are_the_same():
    raw = clips.clip("webm", sound=clips.tone(1.0))
    first, second = media.decode(CLIP, raw), media.decode(CLIP, raw)
    assert np.array_equal(first.frames, second.frames) and np.array_equal(first.sound, second.sound)
