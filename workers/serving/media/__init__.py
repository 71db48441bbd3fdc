"""Media bytes -> values for a handler, in the replica, never in the gateway; a file a modality.

Every refusal is the caller's fault and names the input. What a file is, is told by its content. Sizes are held against
the manifest's limits before memory is spent on them, so a decompression bomb is refused at the price of its header.

A modality's libraries are loaded with its first use, which is as a replica starts: those of all take 20 MiB, and most
models have one.
"""

from collections.abc import Collection
from importlib import import_module
from typing import TYPE_CHECKING, Any

from workers.serving.errors import BadMedia
from workers.serving.media.refusal import refuse
from workers.serving.routing import InputSpec

if TYPE_CHECKING:
    from workers.serving.media.video import Cut, Video

__all__ = ["MODALITIES", "BadMedia", "Cut", "NotDecodable", "Video", "check_decodable", "decode", "formats", "refuse"]

MODALITIES = frozenset({"image", "audio", "video", "text"})


class NotDecodable(ValueError):
    """An input is declared in a way that no file could ever meet."""


def __getattr__(name: str) -> Any:
    if name in ("Cut", "Video"):
        return getattr(_decoder("video"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _decoder(modality: str) -> Any:
    """The module that decodes it; found at once when it is loaded already."""
    return import_module(f"{__name__}.{modality}")


def formats(modality: str) -> Collection[str]:
    """The media types that are decoded here; none of what is no file."""
    return frozenset(_decoder(modality).FORMATS) if modality in MODALITIES else frozenset()


def decode(spec: InputSpec, raw: bytes) -> Any:
    """What a handler is given for one file or text of the input's modality; raises BadMedia."""
    return _decoder(spec.modality).decode(spec, raw)


def check_decodable(spec: InputSpec) -> None:
    """Raises NotDecodable when media types are declared and none of them is decoded here.

    With nothing to hold a file against, every format would be taken instead of none.
    """
    known = formats(spec.modality)
    if known and spec.media_types and not set(known) & set(spec.media_types):
        declared, decodable = " or ".join(spec.media_types), ", ".join(sorted(known))
        raise NotDecodable(f"Input '{spec.name}' takes {declared}, and this release decodes {decodable}.")
