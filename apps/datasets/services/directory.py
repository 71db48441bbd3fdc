"""Freezing a directory that lists its samples: data that somebody declares."""

import json
import mimetypes
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction

from apps.core.models import User
from apps.datasets import access
from apps.datasets.errors import BadDataset
from apps.datasets.models import DatasetVersion
from apps.datasets.rules import Described
from apps.datasets.services.assets import Content, assets_keep
from apps.datasets.services.versions import version_freeze

LISTED = "samples.jsonl"
#: Samples whose files are in memory together.
_AT_ONCE = 100


def directory_freeze(
    *, actor: User, name: str, directory: Path, without: Iterable[DatasetVersion] = ()
) -> tuple[DatasetVersion, bool]:
    """Keep every file that `samples.jsonl` names as an asset and freeze the samples, as version_freeze does.

    A line is {"inputs": {name: path or {"text": ...}}, "label", "slices"}. Raises BadDataset for a line that cannot be
    read, and for a file that is not in the directory.
    """
    access.freezer(actor)
    lines, samples = _lines(directory), []
    while batch := list(islice(lines, _AT_ONCE)):
        samples += _kept(batch)
    source = {"directory": directory.name}
    return version_freeze(actor=actor, name=name, samples=samples, without=without, source=source)


def _kept(batch: list[tuple[dict[str, Content], dict[str, Any]]]) -> list[Described]:
    contents = [content for inputs, _ in batch for content in inputs.values()]
    with transaction.atomic():  # nothing refers to them yet, and nothing forgets them within the hour
        digests = iter(assets_keep(contents=contents))
    return [
        Described({name: next(digests) for name in inputs}, line["label"], tuple(line["slices"]), declared=True)
        for inputs, line in batch
    ]


def _lines(directory: Path) -> Iterator[tuple[dict[str, Content], dict[str, Any]]]:
    """Every line with what its inputs are."""
    try:
        with (directory / LISTED).open(encoding="utf-8") as file:
            for place, text in enumerate(file, start=1):
                if text.strip():
                    yield _line(directory, place, text)
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise BadDataset(f"{directory / LISTED} cannot be read: {error}.") from error


def _line(directory: Path, place: int, text: str) -> tuple[dict[str, Content], dict[str, Any]]:
    try:
        said = json.loads(text)
        line = {"label": str(said["label"]), "slices": [str(each) for each in said.get("slices", [])]}
        return {name: _content(directory, value) for name, value in said["inputs"].items()}, line
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        raise BadDataset(f"Line {place} of {LISTED} cannot be taken: {type(error).__name__}: {error}.") from error


def _content(directory: Path, value: Any) -> Content:
    if isinstance(value, dict):
        return Content(str(value["text"]).encode(), "text/plain; charset=utf-8")
    path = (directory / value).resolve()
    if not path.is_relative_to(directory.resolve()):
        raise ValueError(f"'{value}' lies outside the directory")
    return Content(path.read_bytes(), mimetypes.guess_type(path.name)[0] or "application/octet-stream")
