"""What decoders give, frame by frame: put in its place in time, or refused."""

from fractions import Fraction

import av
import numpy as np
import pytest

from tests.serving import clips, worlds
from tests.serving.media_specs import CLIP, spec
from workers.serving.errors import BadMedia
from workers.serving.media.pictures import Pictures
from workers.serving.media.soundtrack import SoundTrack, resampled


def picture(time: float | None, width: int = 64) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(clips.frames(1, width)[0], format="rgb24")
    frame.time_base = Fraction(1, 1000)
    frame.pts = None if time is None else round(time * 1000)
    return frame


def piece(time: float | None, sound: np.ndarray, rate: int = 8000, layout: str = "mono") -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.atleast_2d(sound), format="fltp", layout=layout)
    frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
    frame.pts = None if time is None else round(time * rate)
    return frame


def refused(track: Pictures | SoundTrack, *frames) -> str:
    with pytest.raises(BadMedia) as caught:
        for frame in frames:
            track.add(frame)
    assert str(caught.value).startswith("Input 'clip': ")
    return str(caught.value)


def heard(*frames: av.AudioFrame, rate: int | None = None) -> tuple[np.ndarray, float]:
    track = SoundTrack(CLIP)
    for frame in frames:
        track.add(frame)
    return track.finish(rate)


def test_frames_without_times_are_refused():
    assert "no timestamps" in refused(Pictures(CLIP), picture(0), picture(None))


def test_frames_whose_times_go_back_are_refused():
    assert "go back by 0.100 seconds" in refused(Pictures(CLIP), picture(0), picture(0.5), picture(0.4))


def test_two_frames_at_one_time_are_both_kept():
    track = Pictures(CLIP)
    for time in (0, 0.5, 0.5):
        track.add(picture(time))
    assert track.finish()[1].tolist() == [0, 0.5, 0.5]


def test_a_picture_that_changes_its_size_is_refused():
    told = refused(Pictures(CLIP), picture(0), picture(0.1, 96))
    assert "changes from 64 x 48 to 96 x 48" in told


def test_a_frame_larger_than_allowed_is_refused_wherever_it_comes():
    assert "pixels allowed" in refused(Pictures(CLIP), picture(0), picture(0.1, 1000))


def test_the_last_frame_is_shown_as_long_as_the_one_before_when_nothing_tells():
    track = Pictures(CLIP)
    for time in (0, 0.3, 0.5):
        track.add(picture(time))
    assert track.finish()[2] == pytest.approx(0.7)


def test_only_frames_that_are_asked_for_become_arrays():
    track = Pictures(spec(worlds.CLIP, max_frames=2, frames_per_second=1))
    for number in range(15):
        track.add(picture(number / 10))
    assert track.finish()[1].tolist() == [0, 1]


def test_no_frame_at_all_is_refused():
    with pytest.raises(BadMedia, match="no picture"):
        Pictures(CLIP).finish()


def test_a_gap_in_the_sound_is_silence_of_its_length():
    sound, start = heard(piece(1.0, clips.tone(0.1)), piece(1.5, clips.tone(0.1)))
    assert (len(sound), start) == (4800, 1.0)
    assert not sound[800:4000].any() and sound[:800].any() and sound[4000:].any()


def test_times_rounded_to_milliseconds_make_no_gap():
    pieces = [piece(round(number * 0.0213, 3), clips.tone(0.0213)) for number in range(50)]
    assert len(heard(*pieces)[0]) == 50 * 170


def test_a_sound_whose_times_go_back_is_refused():
    assert "go back" in refused(SoundTrack(CLIP), piece(0, clips.tone(0.5)), piece(0.2, clips.tone(0.5)))


def test_a_sound_without_times_is_refused():
    assert "no timestamps" in refused(SoundTrack(CLIP), piece(None, clips.tone(0.5)))


def test_a_gap_of_hours_is_refused_before_it_is_filled():
    assert "more than the 4 allowed" in refused(
        SoundTrack(CLIP), piece(0, clips.tone(0.1)), piece(36_000, clips.tone(0.1))
    )


def test_a_sound_that_goes_on_for_too_long_is_refused():
    pieces = [piece(number / 2, clips.tone(0.5)) for number in range(10)]
    assert "more than the 4 allowed" in refused(SoundTrack(CLIP), *pieces)


def test_a_rate_that_changes_on_the_way_is_refused():
    told = refused(SoundTrack(CLIP), piece(0, clips.tone(0.1)), piece(0.1, clips.tone(0.1, rate=16_000), rate=16_000))
    assert "from 8000 to 16000 Hz" in told


def test_channels_become_their_mean():
    sound, _ = heard(piece(0, np.array([[0.5] * 8, [0.1] * 8], np.float32), layout="stereo"))
    assert sound == pytest.approx([0.3] * 8)


def test_sound_louder_than_full_scale_is_clipped_and_no_numbers_are_refused():
    assert heard(piece(0, np.array([3, -3], np.float32)))[0].tolist() == [1, -1]
    with pytest.raises(BadMedia, match="no numbers"):
        heard(piece(0, np.array([np.nan] * 8, np.float32)))


@pytest.mark.parametrize(("rate", "wanted"), [(48_000, 8000), (44_100, 16_000), (8000, 16_000), (16_000, 44_100)])
@pytest.mark.parametrize("hertz", [220, 1000, 3000])
def test_a_sine_at_another_rate_is_the_same_sine(rate, wanted, hertz):
    """Three seconds: it spans the pieces that the resampler is given, where a click would be an error of its own."""
    seconds = 3.0
    sound = resampled(clips.tone(seconds, hertz, rate), rate, wanted)
    assert len(sound) == seconds * wanted
    error = np.abs(sound - clips.tone(seconds, hertz, wanted))
    assert error[200:-200].max() < 0.005


def test_pieces_resample_as_the_whole_does():
    parts = [
        piece(number / 10, clips.tone(1.0, 440, 48_000)[number * 4800 : (number + 1) * 4800], 48_000)
        for number in range(10)
    ]
    whole = resampled(clips.tone(1.0, 440, 48_000), 48_000, 8000)
    assert heard(*parts, rate=8000)[0] == pytest.approx(whole, abs=1e-6)
