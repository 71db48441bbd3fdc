"""The days of the predictions' table: made before they come, dropped when all in them is past its keep."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

import structlog
from django.db import connection, transaction

from apps.core.clock import now

log = structlog.get_logger(__name__)

_TABLE = "inference_prediction"
_NAME = re.compile(rf"{_TABLE}_(\d{{8}})")
_LOCK = 0x5155_5044
#: Days made ahead, so that a record waits for no table.
_AHEAD = 2


def partitions_ahead() -> None:
    """Make today's and the next days'."""
    today = now().date()
    partitions_ensure(days=[today + timedelta(days=ahead) for ahead in range(_AHEAD + 1)])


def partitions_ensure(*, days: Iterable[date]) -> None:
    """Make those that are missing."""
    wanted = sorted(set(days))
    if not (missing := [day for day in wanted if not _is_there(day)]):
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        for day in missing:
            bounds = [_begin(day), _begin(day + timedelta(days=1))]
            # Bounds of partitions take no parameters; a date's own text needs no quoting.
            cursor.execute(
                f"create table if not exists {_name(day)} partition of {_TABLE} "
                f"for values from ('{bounds[0].isoformat()}') to ('{bounds[1].isoformat()}')"
            )


def partitions_drop(*, before: datetime) -> int:
    """Drop the days that end by then; returns how many."""
    ended = [day for day in partitions_days() if _begin(day + timedelta(days=1)) <= before]
    for day in ended:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set local lock_timeout = '5s'")  # it waits for readers, and whoever records waits for it
            cursor.execute(f"drop table if exists {_name(day)}")
        log.info("predictions of a day dropped", day=day.isoformat())
    return len(ended)


def partitions_days() -> list[date]:
    """The days that there are, in order."""
    with connection.cursor() as cursor:
        cursor.execute("select inhrelid::regclass::text from pg_inherits where inhparent = %s::regclass", [_TABLE])
        found = [_NAME.fullmatch(name) for (name,) in cursor.fetchall()]
    return sorted(datetime.strptime(name[1], "%Y%m%d").replace(tzinfo=UTC).date() for name in found if name)


def _is_there(day: date) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass(%s)", [_name(day)])
        return bool(cursor.fetchone() != (None,))


def _name(day: date) -> str:
    return f"{_TABLE}_{day:%Y%m%d}"


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
