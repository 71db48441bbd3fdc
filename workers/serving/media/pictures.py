"""The decoded pictures of a container's track, as the frames that a handler is given."""

import numpy as np
from av.video.frame import VideoFrame

from workers.serving.media import limits
from workers.serving.media.alignment import ticks
from workers.serving.media.refusal import refuse
from workers.serving.routing import InputSpec

_CHANNELS = 3


class Pictures:
    """Collects the frames, or with `frames_per_second` those shown at its ticks; only those become arrays."""

    def __init__(self, spec: InputSpec) -> None:
        self._spec = spec
        self._frames: list[np.ndarray] = []
        self._times: list[float] = []
        self._shown: VideoFrame | None = None  # the latest that came: what is shown until the next one comes
        self._since = 0.0  # seconds from the first frame on
        self._gap = 0.0  # between the latest two
        self._decoded = 0
        self.start = 0.0  # the container's time of the first frame

    def add(self, frame: VideoFrame) -> None:
        """Take the next decoded frame. Raises BadMedia when it has no time, goes back in it, or is beyond a limit."""
        self._decoded += 1
        if self._decoded > (limits.seconds(self._spec) + 1) * limits.MAX_FRAME_RATE:
            refuse(self._spec, f"it has more than {limits.MAX_FRAME_RATE} frames a second")
        limits.check_pixels(self._spec, frame.width, frame.height)
        if frame.time is None:
            refuse(self._spec, "its frames have no timestamps")
        if self._shown is None:
            self.start = frame.time
        else:
            self._pass(self._shown, frame.time - self.start, frame)
        self._shown = frame

    def _pass(self, shown: VideoFrame, moment: float, following: VideoFrame) -> None:
        """The frame shown so far makes room for the following one."""
        if (following.width, following.height) != (shown.width, shown.height):
            was, now = f"{shown.width} x {shown.height}", f"{following.width} x {following.height}"
            refuse(self._spec, f"the size of its pictures changes from {was} to {now}")
        if moment < self._since:
            refuse(self._spec, f"the timestamps of its frames go back by {self._since - moment:.3f} seconds")
        limits.check_track(self._spec, moment)
        self._keep(shown, moment)
        self._since, self._gap = moment, moment - self._since

    def _keep(self, shown: VideoFrame, until: float) -> None:
        """The frame as an array, once for each time at which the handler wants to see it."""
        rate = self._spec.frames_per_second
        times = [tick / rate for tick in self._ticks(until, rate)] if rate else [self._since]
        self._check_room(shown, len(times))
        if times:
            self._frames += [shown.to_ndarray(format="rgb24", threads=1)] * len(times)
            self._times += times

    def _ticks(self, until: float, rate: float) -> range:
        wanted = ticks(self._since, until, rate)
        return wanted[: limits.frames(self._spec) + 1]  # one more than allowed is enough to say no

    def _check_room(self, shown: VideoFrame, more: int) -> None:
        count = len(self._times) + more
        if count > limits.frames(self._spec):
            refuse(self._spec, f"it has more than the {limits.frames(self._spec)} frames allowed")
        if count * shown.width * shown.height * _CHANNELS > limits.MAX_FRAME_BYTES:
            refuse(self._spec, f"its frames take more than {limits.MAX_FRAME_BYTES >> 20} MiB once decoded")

    def finish(self) -> tuple[np.ndarray, np.ndarray, float]:
        """uint8 (n, height, width, 3), float64 (n,) the times of the frames, and the seconds until the last one ends.

        Frames are turned upright as the file says.
        """
        if self._shown is None:
            refuse(self._spec, "it holds no picture")
        end = self._since + (_duration(self._shown) or self._gap)
        limits.check_track(self._spec, end)
        rate = self._spec.frames_per_second
        # The very last frame may be over before a tick; a video of at least one frame shows at least one.
        self._keep(self._shown, end if self._times or not rate else max(end, 1 / rate))
        return self._stacked(round(self._shown.rotation / 90) % 4), np.array(self._times, np.float64), end

    def _stacked(self, turns: int) -> np.ndarray:
        """All frames in one array; each is let go as it is copied, so that they are hardly ever held twice."""
        first = np.rot90(self._frames[0], turns)
        stacked = np.empty((len(self._frames), *first.shape), np.uint8)
        self._frames.reverse()
        for place in range(len(stacked)):
            stacked[place] = np.rot90(self._frames.pop(), turns)
        return stacked


def _duration(frame: VideoFrame) -> float:
    """Seconds; 0 when the file does not say."""
    return float(frame.duration * frame.time_base) if frame.duration and frame.time_base else 0.0
