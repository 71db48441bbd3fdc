"""Frames and samples are found by their time, and what is not there is counted."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from workers.serving.media.alignment import ROUNDING, frame_at, frames_between, sound_between, ticks

moments = st.floats(-20, 20)
lengths = st.floats(0, 10)
rates = st.sampled_from([1000, 8000, 11_025, 16_000])
frame_rates = st.sampled_from([0.5, 1.0, 10.0, 23.976, 25.0, 29.97, 60.0])
rising = st.lists(st.floats(0, 20), max_size=30).map(sorted).map(np.array)


def numbered(count: int) -> np.ndarray:
    """A sound whose samples are their own positions, from 1 on; 0 is silence."""
    return np.arange(1, count + 1, dtype=np.float32)


@given(rising, moments, lengths, lengths)
def test_windows_that_meet_share_no_frame_and_lose_none(times, start, first, second):
    middle, end = start + first, start + first + second
    whole = times[frames_between(times, start, end)]
    parts = [times[frames_between(times, start, middle)], times[frames_between(times, middle, end)]]
    assert np.concatenate(parts).tolist() == whole.tolist()


@given(rising, moments, lengths)
def test_a_window_has_exactly_the_frames_that_begin_in_it(times, start, length):
    chosen = times[frames_between(times, start, start + length)]
    assert chosen.tolist() == [time for time in times.tolist() if start <= time < start + length]


@given(rising, moments)
def test_the_frame_at_a_moment_is_the_last_that_has_begun(times, moment):
    assume(len(times))
    begun = [place for place, time in enumerate(times) if time <= moment]
    assert frame_at(times, moment) == (begun[-1] if begun else 0)


@given(st.integers(0, 30_000), moments, rates, moments, lengths)
def test_a_window_of_sound_has_its_length_and_tells_what_is_missing(count, sound_start, rate, start, length):
    heard, missing = sound_between(numbered(count), sound_start, rate, start, start + length)
    assert len(heard) == round((start + length - start) * rate)
    assert missing == np.count_nonzero(heard == 0)


@given(st.integers(1, 30_000), moments, rates, moments, lengths)
def test_every_sample_is_within_half_a_sample_of_its_time(count, sound_start, rate, start, length):
    heard, _ = sound_between(numbered(count), sound_start, rate, start, start + length)
    places = np.flatnonzero(heard)
    own_time = sound_start + (heard[places] - 1) / rate
    assert np.all(np.abs(own_time - (start + places / rate)) * rate < 0.501)


@given(st.integers(1, 20_000), moments, rates)
def test_a_window_over_the_whole_track_is_the_track(count, sound_start, rate):
    heard, missing = sound_between(numbered(count), sound_start, rate, sound_start, sound_start + count / rate)
    assert missing == 0 and np.array_equal(heard, numbered(count))


@given(st.integers(0, 20_000), moments, rates, st.floats(0.01, 5))
def test_a_window_beside_the_track_is_silence_and_all_of_it_missing(count, sound_start, rate, length):
    for start in (sound_start - length - 1, sound_start + count / rate + 1):
        heard, missing = sound_between(numbered(count), sound_start, rate, start, start + length)
        assert not heard.any() and missing == len(heard)


@given(frame_rates, lengths, lengths)
def test_stretches_that_meet_share_no_tick_and_lose_none(rate, first, second):
    whole = ticks(0.0, first + second, rate)
    assert [*ticks(0.0, first, rate), *ticks(first, first + second, rate)] == list(whole)


@given(frame_rates, st.floats(0, 20), lengths)
def test_ticks_are_the_moments_inside_a_stretch_but_for_the_rounding_of_containers(rate, start, length):
    for tick in ticks(start, start + length, rate):
        assert start - ROUNDING <= tick / rate + 1e-9
        assert tick / rate < start + length + 1e-9


@given(frame_rates, st.integers(1, 500))
def test_frames_rounded_to_milliseconds_are_each_shown_once_at_their_own_rate(rate, count):
    times = [round(number / rate, 3) for number in range(count + 1)]
    for number in range(count):
        assert list(ticks(times[number], times[number + 1], rate)) == [number]
