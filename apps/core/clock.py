"""The one place that reads the wall clock, so that a test can stop it; and the database's, which nodes share."""

from datetime import datetime

from django.db import connection
from django.utils import timezone


def now() -> datetime:
    """The present moment in UTC, by this process's clock: good for what this process alone compares and shows."""
    return timezone.now()


def database_now() -> datetime:
    """The present moment in UTC, by PostgreSQL's clock: to judge times that other nodes wrote. It asks the database.

    Where only a query needs it, Django's `Now()` costs nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        [moment] = cursor.fetchone()
    assert isinstance(moment, datetime)
    return moment
