"""Gives the test run real PostgreSQL and Valkey: those of DATABASE_URL and REDIS_URL, or embedded ones of its own.

Loaded with `-p tests.servers`. Of a run on several processes (`pytest -n 2`) each has servers of its own, and the one
that only hands out the tests has none: tests say what is in Valkey, so two at once must not share it.
"""

import atexit
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

_stack = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Around the others' hooks, because pytest-django's reads the settings."""
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    if is_worker or not getattr(early_config.known_args_namespace, "numprocesses", None):
        _start(is_worker)
    yield


def _start(is_worker: bool) -> None:
    home = Path(_stack.enter_context(tempfile.TemporaryDirectory(prefix="quartet-test-")))
    home.chmod(0o755)
    os.environ["QUARTET_HOME"] = str(home)
    os.environ.setdefault("QUARTET_SECRET_KEY", "only-for-tests-" + "x" * 40)
    # Test databases are dropped at the end; a pool would hold on to them.
    os.environ["QUARTET_DATABASE_POOL"] = "False"
    if is_worker:
        os.environ.pop("REDIS_URL", None)
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        from controlplane.embedded.servers import servers

        theirs = bool(os.environ.get("DATABASE_URL"))
        os.environ.update(_stack.enter_context(servers(home)))
        if not theirs:
            _hurry(os.environ["DATABASE_URL"])
    atexit.register(_stack.close)


def _hurry(url: str) -> None:
    """Wait for no disk: what a crash of the machine would cost this PostgreSQL, it loses at the end anyway."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
