"""Declared inputs, and the refusal that a file meets at one of them."""

import msgspec
import pytest

from tests.serving import worlds
from workers.serving import media
from workers.serving.errors import BadMedia
from workers.serving.routing import InputSpec


def spec(declared: dict, **changes) -> InputSpec:
    return msgspec.convert(declared | changes, InputSpec)


IMAGE = spec(worlds.IMAGE)
SOUND = spec(worlds.SOUND)
CLIP = spec(worlds.CLIP)


def refusal(declared: InputSpec, raw: bytes) -> str:
    with pytest.raises(BadMedia) as caught:
        media.decode(declared, raw)
    assert str(caught.value).startswith(f"Input '{declared.name}': ")
    return str(caught.value)
