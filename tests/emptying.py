"""Tests that commit empty the database with TRUNCATE, which tables that keep all refuse."""

from django.db import connection


def emptying_allow() -> None:
    """Let it pass in this database; UPDATE and DELETE are refused as they are in earnest."""
    with connection.cursor() as cursor:
        cursor.execute("select tgrelid::regclass::text, tgname from pg_trigger where tgname like '%_not_emptied'")
        for table, trigger in cursor.fetchall():
            cursor.execute(f"alter table {table} disable trigger {trigger}")
