"""Tests that commit empty the database with TRUNCATE, which tables that keep all refuse."""

import time
from collections.abc import Callable
from typing import Any

from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected

ATTEMPTS = 5


def emptying_allow() -> None:
    """Let it pass in this database; UPDATE and DELETE are refused as they are in earnest."""
    with connection.cursor() as cursor:
        cursor.execute("select tgrelid::regclass::text, tgname from pg_trigger where tgname like '%_not_emptied'")
        for table, trigger in cursor.fetchall():
            cursor.execute(f"alter table {table} disable trigger {trigger}")


def emptying_persist() -> None:
    """Empty again when another process, reading two tables in the other order, had PostgreSQL give ours up.

    The site of the browser tests goes on while the database under it is emptied; TRUNCATE locks every table. For every
    connection that there will be: where Playwright's event loop runs, Django makes another than the one of now.
    """
    operations: Any = type(connection.ops)
    operations.execute_sql_flush = persistent(operations.execute_sql_flush)


def persistent(empty: Callable[[Any, list[str]], Any]) -> Callable[[Any, list[str]], Any]:
    def persist(operations: Any, statements: list[str]) -> Any:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return empty(operations, statements)
            except OperationalError as error:
                if not isinstance(error.__cause__, DeadlockDetected) or attempt == ATTEMPTS:
                    raise
                time.sleep(0.2 * attempt)
        return None

    return persist
