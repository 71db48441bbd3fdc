"""The embedded PostgreSQL: its cluster on disk, its command line, its readiness.

It listens on 127.0.0.1 only, with passwords (SCRAM). No Unix socket: nothing here would use it, and its path is
limited to some 100 characters, which a deep checkout exceeds.
"""

import hashlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from controlplane.embedded import leftovers
from controlplane.embedded.errors import OperatorError
from controlplane.embedded.files import write_whole
from controlplane.embedded.place import SERVER_ENV, Place

NAME = "postgres"
#: "Fast" shutdown: ends the sessions, writes a checkpoint and goes.
STOP = signal.SIGINT
_USER = _DATABASE = "quartet"
_MAX_CONNECTIONS = 200
_HALF = "postgres.half-"


class Postgres:
    """One cluster in `place.data`/postgres; prepare it once before its command runs."""

    def __init__(self, place: Place, password: str) -> None:
        self._place = place
        self._password = password
        self._data = place.data / "postgres"
        self._password_mark = place.data / "postgres.password"

    def prepare(self) -> None:
        """Leaves a cluster that is whole, stopped and knows the password, whatever an earlier start left here."""
        leftovers.stop_server(self._data / "postmaster.pid", self._data, STOP)
        if not (self._data / "PG_VERSION").exists():
            self._create()
        if not self._knows_password():
            self._set_password()

    def command(self, port: int) -> list[str]:
        """The server's command line."""
        options = {
            "port": str(port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": str(_MAX_CONNECTIONS),
            "logging_collector": "off",
        }
        settings = [part for option in options.items() for part in ("-c", "=".join(option))]
        return [self._program("postgres"), "-D", str(self._data), *settings]

    def url(self, port: int) -> str:
        """The DATABASE_URL of this server."""
        return f"postgresql://{_USER}:{self._password}@127.0.0.1:{port}/{_DATABASE}"

    def _create(self) -> None:
        """Makes the cluster beside its place and moves it there whole: killed half-way, the next start begins anew."""
        for abandoned in self._place.data.glob(_HALF + "*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        half = self._place.account.own(self._place.data / f"{_HALF}{os.getpid()}")
        # The built-in locale sorts and folds alike on every system.
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options = [*locale, "--auth=reject", "--data-checksums", "--no-instructions"]
        self._run([self._program("initdb"), "-D", str(half), "-U", _USER, *options])
        (half / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        self._sql(half, f"CREATE DATABASE {_DATABASE}")
        half.rename(self._data)

    def _knows_password(self) -> bool:
        return self._password_mark.exists() and self._password_mark.read_text() == self._fingerprint()

    def _set_password(self) -> None:
        """Also mends a home whose secrets.json was lost: single-user mode needs no password."""
        self._sql(self._data, f"ALTER ROLE {_USER} PASSWORD '{self._password}'")
        write_whole(self._password_mark, self._fingerprint())

    def _fingerprint(self) -> str:
        return hashlib.sha256(self._password.encode()).hexdigest()

    def _sql(self, data: Path, statement: str) -> None:
        self._run([self._program("postgres"), "--single", "-D", str(data), "postgres"], statement + "\n")

    def _run(self, argv: list[str], stdin: str = "") -> None:
        account = self._place.account.popen()
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, env=SERVER_ENV, **account)
        # In single-user mode PostgreSQL ends with 0 whatever a statement did.
        if done.returncode != 0 or "ERROR:" in done.stderr:
            raise OperatorError(
                f"The embedded PostgreSQL could not be prepared in {self._place.data}: {done.stderr.strip()[-600:]}"
            )

    def _program(self, name: str) -> str:
        return str(self._place.postgres_bin / name)


def answers(url: str) -> bool:
    """True when the server lets us in and answers."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            connection.execute("SELECT 1")
        return True
    except psycopg.Error:
        return False
