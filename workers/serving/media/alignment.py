"""Pictures and sound by the moments they belong to. Pure: numbers in, numbers out.

Every time is in seconds on the video's own line, on which its first frame is shown at 0. A frame is shown from its time
until that of the next one. The sample at position p of a sound is heard at `sound_start + p / sample_rate`.
"""

from math import ceil, floor

import numpy as np

#: Seconds that containers may round a timestamp by (WebM: to the nearest millisecond, on either side of a difference).
ROUNDING = 0.001


def ticks(start: float, end: float, rate: float) -> range:
    """The whole numbers k with start <= k / rate < end: when frames are shown that come `rate` times a second.

    A moment up to ROUNDING before `start` or `end` counts as that moment.
    """
    return range(_tick(start, rate), _tick(end, rate))


def _tick(moment: float, rate: float) -> int:
    """The first k whose k / rate, forgiven the rounding, is not before the moment."""
    return max(0, ceil((moment - ROUNDING) * rate))


def frames_between(times: np.ndarray, start: float, end: float) -> slice:
    """Of frames at rising `times` (n,), those whose time lies in [start, end); windows that meet share none."""
    first, last = np.searchsorted(times, (start, max(start, end)), side="left")
    return slice(int(first), int(last))


def frame_at(times: np.ndarray, moment: float) -> int:
    """The position of the frame that is shown at this moment; before the first frame it is the first."""
    return max(0, int(np.searchsorted(times, moment, side="right")) - 1)


def sound_between(
    sound: np.ndarray, sound_start: float, sample_rate: int, start: float, end: float
) -> tuple[np.ndarray, int]:
    """The sound heard in [start, end), float32 (round((end - start) * sample_rate),), and how much of it is missing.

    Where the track does not reach there is silence; the missing samples are counted. Each sample is within half a
    sample of its time.
    """
    count = max(0, round((end - start) * sample_rate))
    first = floor((start - sound_start) * sample_rate + 0.5)
    there = sound[max(0, first) : max(0, first + count)]
    if len(there) == count:
        return there, 0
    filled = np.zeros(count, np.float32)
    offset = min(max(0, -first), count)
    filled[offset : offset + len(there)] = there
    return filled, count - len(there)
