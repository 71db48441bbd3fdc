"""Media bytes -> values for a handler, in the replica, never in the gateway; a file a modality.

Every refusal is the caller's fault and names the input. What a file is, is told by its content. Sizes are held against
the manifest's limits before memory is spent on them, so a decompression bomb is refused at the price of its header.
"""

from typing import Any

from workers.serving.errors import BadMedia
from workers.serving.media import audio, image, text, video
from workers.serving.media.refusal import refuse
from workers.serving.media.video import Cut, Video
from workers.serving.routing import InputSpec

__all__ = ["FORMATS", "MODALITIES", "BadMedia", "Cut", "NotDecodable", "Video", "check_decodable", "decode", "refuse"]

_DECODERS = {"image": image.decode, "audio": audio.decode, "video": video.decode, "text": text.decode}
MODALITIES = _DECODERS.keys()
#: Modality -> the media types that are decoded here.
FORMATS = {"image": image.FORMATS.keys(), "audio": audio.FORMATS, "video": video.FORMATS.keys()}


class NotDecodable(ValueError):
    """An input is declared in a way that no file could ever meet."""


def decode(spec: InputSpec, raw: bytes) -> Any:
    """What a handler is given for one file or text of the input's modality; raises BadMedia."""
    return _DECODERS[spec.modality](spec, raw)


def check_decodable(spec: InputSpec) -> None:
    """Raises NotDecodable when media types are declared and none of them is decoded here.

    With nothing to hold a file against, every format would be taken instead of none.
    """
    known = FORMATS.get(spec.modality)
    if known and spec.media_types and not known & set(spec.media_types):
        declared, decodable = " or ".join(spec.media_types), ", ".join(sorted(known))
        raise NotDecodable(f"Input '{spec.name}' takes {declared}, and this release decodes {decodable}.")
