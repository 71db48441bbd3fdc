"""MP4 and WebM files -> frames and sound on one line of time, by FFmpeg."""

from dataclasses import dataclass

import numpy as np

from workers.serving.media import alignment, container, limits
from workers.serving.media.pictures import Pictures
from workers.serving.media.refusal import refuse, refuse_kind
from workers.serving.media.soundtrack import SoundTrack
from workers.serving.routing import InputSpec

FORMATS = {"video/mp4": container.MP4, "video/webm": container.WEBM}


@dataclass(frozen=True, eq=False)
class Cut:
    """What a video shows and sounds between two moments."""

    frames: np.ndarray  # uint8 (n, height, width, 3); n may be 0
    times: np.ndarray  # float64 (n,), on the video's line of time
    sound: np.ndarray  # float32 (round(seconds * sample_rate),)
    missing: float  # seconds of the sound that the track does not have, and that are silence here


@dataclass(frozen=True, eq=False)
class Video:
    """A video as a handler is given it. Times are in seconds, from when the first frame is shown."""

    frames: np.ndarray  # uint8 (n, height, width, 3), RGB
    times: np.ndarray  # float64 (n,), rising: when each frame begins to be shown
    seconds: float  # when the last frame ends
    sound: np.ndarray  # float32 (m,) in [-1, 1], mono; m is 0 without a track of sound
    sound_start: float  # when the first sample is heard; may be negative
    sample_rate: int  # Hz; 0 where the input declares none, and then there is no sound

    def between(self, start: float, end: float) -> Cut:
        """The frames that begin and the sound that is heard in [start, end), silence where there is none."""
        shown = alignment.frames_between(self.times, start, end)
        sound, missing = alignment.sound_between(self.sound, self.sound_start, self.sample_rate, start, end)
        return Cut(self.frames[shown], self.times[shown], sound, missing / self.sample_rate if missing else 0.0)

    def frame_at(self, moment: float) -> np.ndarray:
        """The frame shown at this moment, uint8 (height, width, 3)."""
        frame: np.ndarray = self.frames[alignment.frame_at(self.times, moment)]
        return frame


def decode(spec: InputSpec, raw: bytes) -> Video:
    """The video, with its sound where the input declares a sample rate. Raises BadMedia."""
    kind = container.kind(raw)
    if kind is None:
        refuse(spec, "it is neither an MP4 nor a WebM file")
    if spec.media_types and kind not in {FORMATS.get(each) for each in spec.media_types}:
        refuse_kind(spec, container.A[kind])
    pictures, track = Pictures(spec), SoundTrack(spec)
    with container.opened(spec, raw, kind) as opened:
        heard = opened.sound() if spec.sample_rate else None
        opened.decode((opened.picture(), pictures.add), *([(heard, track.add)] if heard else []))
        sound, start = track.finish(spec.sample_rate)
        frames, times, seconds = pictures.finish()
    start = start - pictures.start if len(sound) else 0.0
    limits.check_track(spec, abs(start))
    return Video(frames, times, seconds, sound, start, spec.sample_rate or 0)
