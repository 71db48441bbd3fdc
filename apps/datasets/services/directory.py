"""Freezing a directory that lists its samples: data that somebody declares."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from django.db import transaction

from apps.core.models import User
from apps.datasets import access
from apps.datasets.errors import BadDataset
from apps.datasets.models import DatasetVersion
from apps.datasets.rules import Described
from apps.datasets.services.assets import Content, assets_keep
from apps.datasets.services.listed import LISTED, Line, line_read, media_type, refused
from apps.datasets.services.versions import version_freeze

#: Samples whose files are in memory together.
_AT_ONCE = 100


def directory_freeze(
    *, actor: User, name: str, directory: Path, without: Iterable[DatasetVersion] = ()
) -> tuple[DatasetVersion, bool]:
    """Keep every file that `samples.jsonl` names as an asset and freeze the samples, as version_freeze does.

    Raises BadDataset for a line that cannot be read, and for a file that is not in the directory.
    """
    access.freezer(actor)
    lines, samples = _lines(directory), []
    while batch := list(islice(lines, _AT_ONCE)):
        samples += _kept(batch, directory)
    source = {"directory": directory.name}
    return version_freeze(actor=actor, name=name, samples=samples, without=without, source=source)


def _kept(batch: list[Line], directory: Path) -> list[Described]:
    contents = [_content(directory, line, value) for line in batch for value in line.inputs.values()]
    with transaction.atomic():  # nothing refers to them yet, and nothing forgets them within the hour
        digests = iter(assets_keep(contents=contents))
    return [line.described({name: next(digests) for name in line.inputs}) for line in batch]


def _lines(directory: Path) -> Iterator[Line]:
    try:
        with (directory / LISTED).open(encoding="utf-8") as file:
            for place, text in enumerate(file, start=1):
                if text.strip():
                    yield line_read(place, text)
    except (FileNotFoundError, UnicodeDecodeError) as error:
        raise BadDataset(f"{directory / LISTED} cannot be read: {error}.") from error


def _content(directory: Path, line: Line, value: str | Content) -> Content:
    if isinstance(value, Content):
        return value
    try:
        path = (directory / value).resolve()
        if not path.is_relative_to(directory.resolve()):
            raise ValueError(f"'{value}' lies outside the directory")
        return Content(path.read_bytes(), media_type(path.name))
    except (OSError, ValueError) as error:
        raise refused(line.place, f"{type(error).__name__}: {error}") from error
