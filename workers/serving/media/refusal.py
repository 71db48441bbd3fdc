"""How a decoder says no: one sentence that names the input, and it is the caller's fault."""

from typing import NoReturn

from workers.serving.errors import BadMedia
from workers.serving.routing import InputSpec


def refuse(spec: InputSpec, why: str) -> NoReturn:
    """Raise the BadMedia that says why this input cannot be used."""
    raise BadMedia(f"Input '{spec.name}': {why}.")


def refuse_kind(spec: InputSpec, found: str) -> NoReturn:
    """The same for a file of a kind that this input does not take."""
    refuse(spec, f"it is {found} file; the model takes {' or '.join(spec.media_types)}")


def brief(error: BaseException) -> str:
    """A library's error as the end of a sentence."""
    return f"{type(error).__name__}: {error}"[:200]
