"""MP4 and WebM files opened by FFmpeg (PyAV), in one place and under one set of limits.

FFmpeg is given no choice: the bytes say whether they are MP4 or WebM, only that demuxer and a handful of decoders are
let near them, and the decoders refuse larger pictures than allowed before they take memory for one. Nothing outside the
bytes is ever opened. Whatever FFmpeg or PyAV raise becomes the BadMedia of the input.

Of an MP4's edit list only what it is mostly used for is followed, the moment at which a track begins: a list of many
parts makes FFmpeg copy the table of samples for each of them.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EINVAL
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.frame import Frame
from av.stream import Disposition
from av.video.stream import VideoStream

from workers.serving.media import limits, mp4, webm
from workers.serving.media.refusal import brief, refuse
from workers.serving.routing import InputSpec

MP4, WEBM = "mp4", "webm"
#: Each kind with its article, for sentences.
A = {MP4: "an MP4", WEBM: "a WebM"}
_DEMUXERS = {MP4: "mp4", WEBM: "matroska"}
_CHECKS = {MP4: mp4.check, WEBM: webm.check}

PICTURE_CODECS = ("h264", "vp8", "vp9")
SOUND_CODECS = ("aac", "opus", "vorbis", "mp3")
_DECODERS = ",".join([*PICTURE_CODECS, *SOUND_CODECS, "mp3float"])
_MAX_TRACKS = 8
_DEMUXER_OPTIONS = {"codec_whitelist": _DECODERS, "max_streams": "100", "advanced_editlist": "0"}

#: What PyAV raises on a hostile file, as far as fuzzing has shown: FFmpeg's errors, and Python's on absurd numbers.
_PYAV_ERRORS = (av.FFmpegError, ArithmeticError, AssertionError, NotImplementedError, RuntimeError, ValueError)


def kind(raw: bytes) -> str | None:
    """MP4 or WEBM as the first bytes say, None for anything else."""
    if raw[4:8] == b"ftyp":
        return MP4
    return WEBM if raw[:4] == webm.MAGIC else None


@contextmanager
def opened(spec: InputSpec, raw: bytes, of_kind: str) -> Iterator["Opened"]:
    """The file, ready to be decoded. Raises BadMedia, also for what FFmpeg finds wrong inside the `with`."""
    _CHECKS[of_kind](spec, raw)
    options = _decoder_options(spec) | _DEMUXER_OPTIONS
    try:
        with av.open(
            io.BytesIO(raw), "r", format=_DEMUXERS[of_kind], options=options, metadata_errors="replace"
        ) as container:
            yield Opened(spec, container)
    except _PYAV_ERRORS as error:
        refuse(spec, f"it is not {A[of_kind]} file that is whole and undamaged ({_told(spec, error)})")


def _told(spec: InputSpec, error: Exception) -> str:
    if isinstance(error, av.FFmpegError) and error.errno == EINVAL:  # what decoders say of too large a picture, too
        return f"or its pictures have more than the {limits.pixels(spec)} pixels allowed"
    return (error.strerror if isinstance(error, av.FFmpegError) else None) or brief(error)


def _decoder_options(spec: InputSpec) -> dict[str, str]:
    """Also for the decoders that FFmpeg probes a file with: too large a picture costs no memory there either."""
    return {"max_pixels": str(limits.coded_pixels(spec))}


class Opened:
    """An open file: its tracks, held against the limits, and what they decode to."""

    def __init__(self, spec: InputSpec, container: InputContainer) -> None:
        self._spec = spec
        self._container = container
        if len(container.streams) > _MAX_TRACKS:
            refuse(spec, f"it has {len(container.streams)} tracks, more than {_MAX_TRACKS}")

    def picture(self) -> VideoStream:
        """The first track of pictures; refuses a file that has none, or none that is decoded here."""
        moving = [each for each in self._container.streams.video if not each.disposition & Disposition.attached_pic]
        if not moving:
            refuse(self._spec, "it has no track of pictures")
        self._check(moving[0], PICTURE_CODECS)
        limits.check_pixels(self._spec, moving[0].codec_context.width, moving[0].codec_context.height)
        return moving[0]

    def sound(self) -> AudioStream | None:
        """The first track of sound, if there is one; refuses one that is not decoded here."""
        for track in self._container.streams.audio:
            self._check(track, SOUND_CODECS)
            return track
        return None

    def _check(self, track: AudioStream | VideoStream, codecs: tuple[str, ...]) -> None:
        codec = track.codec_context.codec.canonical_name if track.codec_context else "an unknown codec"
        if codec not in codecs:
            refuse(self._spec, f"its {track.type} is coded as {codec}; {', '.join(codecs)} are decoded")
        if track.duration and track.time_base:
            limits.check_track(self._spec, float(track.duration * track.time_base))

    def decode(self, *sinks: tuple[AudioStream | VideoStream, Callable[[Any], None]]) -> None:
        """Give every frame of each track to its sink, in the order of the file, decoded on this thread alone."""
        for track, _ in sinks:
            track.codec_context.thread_count = 1
            track.codec_context.options = _decoder_options(self._spec)
        sink_of = {track.index: sink for track, sink in sinks}
        for packet in self._container.demux([track for track, _ in sinks]):
            for frame in packet.decode():
                if isinstance(frame, Frame) and frame.is_corrupt:
                    refuse(self._spec, "it is damaged: a part of it cannot be decoded")
                sink_of[packet.stream_index](frame)
