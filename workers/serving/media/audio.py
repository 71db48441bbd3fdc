"""Sound files -> arrays: WAV, FLAC, Ogg and MP3 by libsndfile, the sound of MP4 and WebM by FFmpeg.

A plain sound file has to have the model's sample rate: its writer chose another one. In MP4 and WebM the codec chooses
(Opus knows only 48 kHz), so their sound is resampled.
"""

import io

import numpy as np
import soundfile

from workers.serving.media import container, limits
from workers.serving.media.refusal import brief, refuse, refuse_kind
from workers.serving.media.soundtrack import SoundTrack
from workers.serving.routing import InputSpec

#: Media type -> what libsndfile calls it.
FILES = {
    "audio/wav": {"WAV", "WAVEX"},
    "audio/x-wav": {"WAV", "WAVEX"},
    "audio/flac": {"FLAC"},
    "audio/ogg": {"OGG"},
    "audio/mpeg": {"MP3"},
}
_CONTAINERS = {"audio/mp4": container.MP4, "audio/webm": container.WEBM}
FORMATS = FILES.keys() | _CONTAINERS.keys()

#: RIFF sizes that a writer leaves who cannot go back to fill them in (a pipe), and that therefore say nothing.
_OPEN_SIZES = frozenset({0, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFF + 36, 0x7FFFF024})


def decode(spec: InputSpec, raw: bytes) -> np.ndarray:
    """float32 (frames) in [-1, 1], mono (the mean of the channels), at the declared sample rate."""
    kind = container.kind(raw)
    if kind is not None:
        return _contained(spec, raw, kind)
    try:
        with soundfile.SoundFile(io.BytesIO(raw)) as sound:
            _check_header(spec, sound)
            frames = sound.read(_max_frames(spec, sound.samplerate) + 1, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, ValueError, TypeError) as error:
        refuse(spec, f"it is not a whole, undamaged sound file ({brief(error)})")
    _check_whole(spec, raw, frames)
    mono: np.ndarray = frames[:, 0] if frames.shape[1] == 1 else frames.mean(axis=1, dtype=np.float32)
    np.clip(mono, -1.0, 1.0, out=mono)
    return mono


def _contained(spec: InputSpec, raw: bytes, kind: str) -> np.ndarray:
    """The sound of a container, from its first sample on."""
    if spec.media_types and kind not in {_CONTAINERS.get(each) for each in spec.media_types}:
        refuse_kind(spec, container.A[kind])
    track = SoundTrack(spec)
    with container.opened(spec, raw, kind) as opened:
        source = opened.sound()
        if source:
            opened.decode((source, track.add))
        sound, _ = track.finish(spec.sample_rate)
    if not len(sound):
        refuse(spec, "it holds no sound")
    return sound


def _max_frames(spec: InputSpec, rate: int) -> int:
    return int(limits.seconds(spec) * rate)


def _check_header(spec: InputSpec, sound: soundfile.SoundFile) -> None:
    allowed: set[str] = set().union(*(FILES.get(each, set()) for each in spec.media_types))
    if spec.media_types and sound.format not in allowed:
        refuse_kind(spec, f"a {sound.format}")
    if spec.sample_rate and sound.samplerate != spec.sample_rate:
        refuse(spec, f"its sample rate is {sound.samplerate} Hz and the model takes {spec.sample_rate} Hz")
    if sound.channels > limits.MAX_CHANNELS:
        refuse(spec, f"it has {sound.channels} channels, more than {limits.MAX_CHANNELS}")
    limits.check_seconds(spec, sound.frames / sound.samplerate)


def _check_whole(spec: InputSpec, raw: bytes, frames: np.ndarray) -> None:
    """What libsndfile lets pass: a WAV cut short, no sound at all, a header that told less than came, NaN."""
    size = int.from_bytes(raw[4:8], "little")
    if raw[:4] == b"RIFF" and size not in _OPEN_SIZES and size + 8 > len(raw):
        refuse(spec, f"it is cut short: {len(raw)} bytes came of the {size + 8} its header tells")
    if not len(frames):
        refuse(spec, "it holds no sound")
    if spec.sample_rate and len(frames) > _max_frames(spec, spec.sample_rate):
        refuse(spec, "it lasts longer than its header tells and than is allowed")
    if not np.isfinite(frames).all():
        refuse(spec, "it holds values that are no numbers")
