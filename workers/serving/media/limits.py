"""How much of anything an input may bring: what its manifest declares, and what holds where it declares nothing."""

from math import isqrt

from workers.serving.media.refusal import refuse
from workers.serving.routing import InputSpec

MAX_CHANNELS = 16
#: Bytes that the frames of one video may take once decoded, however large its declared limits are.
MAX_FRAME_BYTES = 1 << 30
#: Frames a second of a video as it comes; of more, decoding would take time that no sample is worth.
MAX_FRAME_RATE = 240

#: Seconds by which a codec may fill up the end of a track: two packets of AAC at 8 kHz.
CODEC_PADDING = 0.256

_PIXELS = 50_000_000
_SECONDS = 600.0
_FRAMES = 600


def pixels(spec: InputSpec) -> int:
    """Pixels of one picture."""
    return spec.max_pixels or _PIXELS


def seconds(spec: InputSpec) -> float:
    """Length of a sound or a video."""
    return spec.max_seconds or _SECONDS


def frames(spec: InputSpec) -> int:
    """Frames of a video that the handler is given."""
    return spec.max_frames or _FRAMES


def check_pixels(spec: InputSpec, width: int, height: int) -> None:
    """Refuse a picture that is too large."""
    if width * height > pixels(spec):
        refuse(spec, f"it is {width} x {height}, more than the {pixels(spec)} pixels allowed")


def check_seconds(spec: InputSpec, length: float) -> None:
    """Refuse a sound or a video that is too long."""
    if length > seconds(spec):
        refuse(spec, f"it lasts {length:.1f} seconds, more than the {seconds(spec):g} allowed")


def check_track(spec: InputSpec, length: float) -> None:
    """The same for a track of a container, whose codec may have filled up its last packet."""
    check_seconds(spec, max(0.0, length - CODEC_PADDING))


def coded_pixels(spec: InputSpec) -> int:
    """`pixels` with room for the edges, up to 15 pixels a side, that codecs add and cut off again."""
    allowed = pixels(spec)
    return allowed + 15 * 4 * isqrt(allowed) + 16 * 16
