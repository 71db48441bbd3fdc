"""Media bytes -> arrays, in the replica, never in the gateway. Every refusal is the caller's fault and names the input.

Sizes are read from the header and held against the manifest's limits before anything is decoded, so a decompression
bomb is refused at the price of its header.
"""

import io
from typing import NoReturn

import numpy as np
import soundfile
from PIL import Image, ImageOps

from workers.serving.errors import BadMedia
from workers.serving.routing import InputSpec

DEFAULT_MAX_PIXELS = 50_000_000
DEFAULT_MAX_SECONDS = 600.0
MAX_CHANNELS = 16

IMAGE_FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
}
AUDIO_FORMATS = {
    "audio/wav": {"WAV", "WAVEX"},
    "audio/x-wav": {"WAV", "WAVEX"},
    "audio/flac": {"FLAC"},
    "audio/ogg": {"OGG"},
    "audio/mpeg": {"MP3"},
}
_KNOWN = {"image": IMAGE_FORMATS.keys(), "audio": AUDIO_FORMATS.keys()}
_GREY = frozenset({"1", "L", "LA"})
_DEEP = ("I", "F")  # modes with more than 8 bits a channel begin so

#: RIFF sizes that a writer leaves who cannot go back to fill them in (a pipe), and that therefore say nothing.
_OPEN_SIZES = frozenset({0, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFF + 36, 0x7FFFF024})


class NotDecodable(ValueError):
    """An input is declared in a way that no file could ever meet."""


def check_decodable(spec: InputSpec) -> None:
    """Raises NotDecodable when media types are declared and none of them is decoded here.

    With nothing to hold a file against, every format would be taken instead of none.
    """
    known = _KNOWN.get(spec.modality)
    if known and spec.media_types and not known & set(spec.media_types):
        declared, decodable = " or ".join(spec.media_types), ", ".join(sorted(known))
        raise NotDecodable(f"Input '{spec.name}' takes {declared}, and this release decodes {decodable}.")


def image(spec: InputSpec, raw: bytes) -> np.ndarray:
    """uint8 (H, W, 3) in RGB, or (H, W) for a grey picture; turned upright as its EXIF says; the first frame."""
    formats = [IMAGE_FORMATS[each] for each in spec.media_types if each in IMAGE_FORMATS] or list(
        IMAGE_FORMATS.values()
    )
    try:
        with Image.open(io.BytesIO(raw), formats=formats) as header:
            _check_pixels(spec, header.size)
            header.verify()  # checksums; the file must be opened again to be decoded
        with Image.open(io.BytesIO(raw), formats=formats) as picture:
            if picture.mode.startswith(_DEEP):
                refuse(spec, f"it has more than 8 bits a channel ({picture.mode}), which is not taken")
            upright = ImageOps.exif_transpose(picture)
            return np.array(upright.convert("L" if upright.mode in _GREY else "RGB"), np.uint8)
    except BadMedia:
        raise
    except Image.DecompressionBombError:
        refuse(spec, f"it has more than the {_max_pixels(spec)} pixels allowed")
    except Exception as error:  # Pillow's decoders raise whatever their broken input leads to
        refuse(spec, f"it is not a whole, undamaged file of {' or '.join(formats)} ({_brief(error)})")


def audio(spec: InputSpec, raw: bytes) -> np.ndarray:
    """float32 in [-1, 1], mono (the mean of the channels), at the declared sample rate."""
    try:
        with soundfile.SoundFile(io.BytesIO(raw)) as sound:
            _check_sound(spec, sound)
            frames = sound.read(_max_frames(spec, sound.samplerate) + 1, dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, ValueError, TypeError) as error:
        refuse(spec, f"it is not a whole, undamaged sound file ({_brief(error)})")
    _check_whole(spec, raw, frames)
    mono: np.ndarray = np.clip(frames.mean(axis=1, dtype=np.float32), -1.0, 1.0)
    return mono


def text(spec: InputSpec, raw: bytes) -> str:
    """UTF-8, of at most as many characters as the manifest allows."""
    try:
        decoded = raw.decode()
    except UnicodeDecodeError:
        refuse(spec, "it is not UTF-8 text")
    if spec.max_characters and len(decoded) > spec.max_characters:
        refuse(spec, f"it has {len(decoded)} characters, more than the {spec.max_characters} allowed")
    return decoded


def refuse(spec: InputSpec, why: str) -> NoReturn:
    """Raise the BadMedia that says why this input cannot be used."""
    raise BadMedia(f"Input '{spec.name}': {why}.")


def _max_pixels(spec: InputSpec) -> int:
    return spec.max_pixels or DEFAULT_MAX_PIXELS


def _check_pixels(spec: InputSpec, size: tuple[int, int]) -> None:
    if size[0] * size[1] > _max_pixels(spec):
        refuse(spec, f"it is {size[0]} x {size[1]}, more than the {_max_pixels(spec)} pixels allowed")


def _max_frames(spec: InputSpec, rate: int) -> int:
    return int((spec.max_seconds or DEFAULT_MAX_SECONDS) * rate)


def _check_sound(spec: InputSpec, sound: soundfile.SoundFile) -> None:
    allowed: set[str] = set().union(*(AUDIO_FORMATS.get(each, set()) for each in spec.media_types))
    if allowed and sound.format not in allowed:
        refuse(spec, f"it is a {sound.format} file; the model takes {' or '.join(spec.media_types)}")
    if spec.sample_rate and sound.samplerate != spec.sample_rate:
        refuse(spec, f"its sample rate is {sound.samplerate} Hz and the model takes {spec.sample_rate} Hz")
    if sound.channels > MAX_CHANNELS:
        refuse(spec, f"it has {sound.channels} channels, more than {MAX_CHANNELS}")
    if sound.frames > _max_frames(spec, sound.samplerate):
        seconds = sound.frames / sound.samplerate
        refuse(
            spec, f"it lasts {seconds:.1f} seconds, more than the {spec.max_seconds or DEFAULT_MAX_SECONDS:g} allowed"
        )


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


def _brief(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:200]
