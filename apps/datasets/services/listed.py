"""What a line of `samples.jsonl` says, wherever its files are."""

import json
import mimetypes
from dataclasses import dataclass
from typing import Any

from apps.core.text import can_be_kept
from apps.datasets.errors import BadDataset
from apps.datasets.rules import Described
from apps.datasets.services.assets import Content

LISTED = "samples.jsonl"


@dataclass(frozen=True, slots=True)
class Line:
    """One sample: each input is the path of its file, or a text as it is to be kept."""

    place: int
    inputs: dict[str, str | Content]
    label: str
    slices: tuple[str, ...]

    def described(self, digests: dict[str, str]) -> Described:
        """The sample, with the SHA-256 of each input."""
        return Described(digests, self.label, self.slices, declared=True)


def line_read(place: int, text: str) -> Line:
    """A line is {"inputs": {name: path or {"text": ...}}, "label", "slices"}; raises BadDataset for any other.

    A label of null is none.
    """
    try:
        said = json.loads(text)
        inputs = {str(name): _input(value) for name, value in said["inputs"].items()}
        label = "" if said["label"] is None else str(said["label"])
        line = Line(place, inputs, label, tuple(str(each) for each in said.get("slices", [])))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise refused(place, f"{type(error).__name__}: {error}") from error
    paths = (value for value in inputs.values() if isinstance(value, str))
    for each in (label, *line.slices, *inputs, *paths):
        if not can_be_kept(each):
            raise refused(place, f"{each[:80]!r} has NUL or half a surrogate pair")
    return line


def refused(place: int, why: str) -> BadDataset:
    """The error of one line."""
    return BadDataset(f"Line {place} of {LISTED} cannot be taken: {why}.")


def _input(value: Any) -> str | Content:
    if isinstance(value, dict):
        return Content(str(value["text"]).encode(), "text/plain; charset=utf-8")
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.80} is neither a path nor a text")
    return value


def media_type(name: str) -> str:
    """By the file's name."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
