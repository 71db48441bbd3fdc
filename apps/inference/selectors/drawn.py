"""Predictions of one revision within a stretch of time, drawn by the last four bytes of their ids.

These bytes are random and know nothing of the request; by them a gateway decides whose inputs the rate keeps
(workers/serving/recording.py), so those below its bound are a fair draw whose inputs are known. Written as SQL, since a
window may hold a hundred thousand.
"""

# ruff: noqa: S608  (queries are put together of our own words and numbers; what comes from elsewhere is a parameter)

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

#: Ids below this are all.
ALL = 1 << 32
#: How many of the newest predictions are gone through for those below a bound.
_GONE_THROUGH = 2_000_000
_WITHIN = "deployment = %s and revision = %s and at >= %s and at < %s"
_KEPT_WITHIN = "deployment = %s and at >= %s and at < %s"


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `after` on and earlier than `before`, by the predictions' time."""

    deployment: str
    revision: int
    after: datetime
    before: datetime

    @property
    def values(self) -> list[Any]:
        """In the order of _WITHIN."""
        return [self.deployment, self.revision, self.after, self.before]


def newest_since(stretch: Stretch, most: int, bound: int) -> datetime | None:
    """The time of the oldest of the newest `most` predictions below the bound; None where there are fewer."""
    newest = f"select at, id from inference_prediction where {_WITHIN} order by at desc limit {_GONE_THROUGH}"
    found = _rows(
        f"select at from ({newest}) newest where {_below('id', bound)} order by at desc offset %s limit 1",
        [*stretch.values, most - 1],
    )
    return found[0][0] if found else None


def counted(stretch: Stretch, bound: int) -> tuple[int, int]:
    """How many predictions there are, and how many of them below the bound."""
    counts = f"count(*), count(*) filter (where {_below('id', bound)})"
    return tuple(_rows(f"select {counts} from inference_prediction where {_WITHIN}", stretch.values)[0])


def drawn(stretch: Stretch, bound: int) -> list[tuple[UUID, int, list[str], list[str], list[float | None]]]:
    """(id, samples, inputs, labels, confidences) of those below the bound, oldest first."""
    return _rows(
        "select id, samples, inputs, labels, confidences from inference_prediction "
        f"where {_WITHIN} and {_below('id', bound)} order by at, id",
        stretch.values,
    )


def drawn_inputs(stretch: Stretch, bound: int) -> list[tuple[UUID, int, str, str]]:
    """(prediction, sample, input, digest of the asset) of what is kept of those below the bound; of other revisions of
    the deployment, too, as the rows do not tell."""
    return _rows(
        "select prediction, sample, input, asset_id from inference_keptinput "
        f"where {_KEPT_WITHIN} and {_below('prediction', bound)}",
        [stretch.deployment, stretch.after, stretch.before],
    )


def drawn_signals(stretch: Stretch, bound: int) -> Iterator[tuple[str, bytes]]:
    """(digest, signals as JSON) of each asset that these refer to and that has any; read a part at a time.

    By COPY: a cursor that fetches in parts has its whole result written down first, and by one process alone.
    """
    kept = f"select asset_id from inference_keptinput where {_KEPT_WITHIN} and {_below('prediction', bound)}"
    query = (
        "select sha256, descriptors->>'signals' from datasets_asset "
        f"where sha256 in ({kept}) and descriptors ? 'signals'"
    )
    values = [stretch.deployment, stretch.after, stretch.before]
    with connection.cursor() as cursor, cursor.copy(f"copy ({query}) to stdout (format binary)", values) as copied:
        copied.set_types(["text", "bytea"])
        yield from copied.rows()


def came_since(deployment: str, revision: int, since: datetime, most: int) -> int:
    """How many predictions of the revision came since; counting ends at `most`."""
    some = "select 1 from inference_prediction where deployment = %s and revision = %s and at >= %s limit %s"
    return int(_rows(f"select count(*) from ({some}) counted", [deployment, revision, since, most])[0][0])


def _below(column: str, bound: int) -> str:
    return "true" if bound >= ALL else f"substring(uuid_send({column}) from 13) < '\\x{bound:08x}'::bytea"


def _rows(query: str, values: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
