"""Emptying the database for the next test goes through while others read it (tests/emptying.py)."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True)
WAITING = "select 1 from pg_locks where not granted and mode = 'AccessExclusiveLock'"


@pytest.fixture
def places() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("create table one_place (); create table other_place ()")
        yield
        cursor.execute("drop table one_place, other_place")


@pytest.fixture
def other() -> Iterator[BaseDatabaseWrapper]:
    """A connection that was made after the run's began, as one is where an event loop runs."""
    made = connections.create_connection("default")
    yield made
    made.close()


def test_a_reader_that_takes_the_tables_in_the_other_order_does_not_end_it(
    places: None, other: BaseDatabaseWrapper
) -> None:
    reads = threading.Event()

    def read() -> None:
        with connection.cursor() as cursor:
            cursor.execute("begin; select from other_place")
            reads.set()
            while not cursor.execute(WAITING).fetchone():
                pass
            cursor.execute("select from one_place; commit")
        connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    assert reads.wait(30)
    with other.cursor() as cursor:
        cursor.execute("set deadlock_timeout to '10ms'")  # so that it is this one that PostgreSQL gives up
    other.ops.execute_sql_flush(["truncate one_place, other_place"])
    reader.join(30)
    assert not reader.is_alive()
