"""Picture files -> arrays, by Pillow."""

import io

import numpy as np
from PIL import Image, ImageOps

from workers.serving.errors import BadMedia
from workers.serving.media import limits
from workers.serving.media.refusal import brief, refuse
from workers.serving.routing import InputSpec

FORMATS = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
}
_GREY = frozenset({"1", "L", "LA"})
_DEEP = ("I", "F")  # modes with more than 8 bits a channel begin so


def decode(spec: InputSpec, raw: bytes) -> np.ndarray:
    """uint8 (H, W, 3) in RGB, or (H, W) for a grey picture; turned upright as its EXIF says; the first frame."""
    formats = [FORMATS[each] for each in spec.media_types if each in FORMATS] or list(FORMATS.values())
    try:
        with Image.open(io.BytesIO(raw), formats=formats) as header:
            limits.check_pixels(spec, *header.size)
            header.verify()  # checksums; the file must be opened again to be decoded
        with Image.open(io.BytesIO(raw), formats=formats) as picture:
            return _array(spec, picture)
    except BadMedia:
        raise
    except Image.DecompressionBombError:
        refuse(spec, f"it has more than the {limits.pixels(spec)} pixels allowed")
    except Exception as error:  # Pillow's decoders raise whatever their broken input leads to
        refuse(spec, f"it is not a whole, undamaged file of {' or '.join(formats)} ({brief(error)})")


def _array(spec: InputSpec, picture: Image.Image) -> np.ndarray:
    if picture.mode.startswith(_DEEP):
        refuse(spec, f"it has more than 8 bits a channel ({picture.mode}), which is not taken")
    ImageOps.exif_transpose(picture, in_place=True)  # in place: else it copies what needs no turning
    wanted = "L" if picture.mode in _GREY else "RGB"
    return np.array(picture if picture.mode == wanted else picture.convert(wanted), np.uint8)
