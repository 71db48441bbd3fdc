"""PostgreSQL and Valkey for one home: embedded ones, or those that DATABASE_URL and REDIS_URL name."""

import functools
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

from controlplane.embedded import credentials, ports, postgres, valkey
from controlplane.embedded.errors import OperatorError
from controlplane.embedded.home import open_home
from controlplane.embedded.leftovers import stop_processes
from controlplane.embedded.place import SERVER_ENV, find_place
from controlplane.embedded.process import Spec
from controlplane.embedded.supervisor import Say, Supervisor, quiet

#: Replaying the log after a crash may take minutes on a busy database.
_START_SECONDS = 300.0
_STOP_SECONDS = 60.0


@contextmanager
def servers(home: Path, environ: Mapping[str, str] = os.environ) -> Iterator[dict[str, str]]:
    """Runs both servers for the length of the block, data kept in `home`; yields DATABASE_URL and REDIS_URL.

    One that `environ` names already is not started, only checked. Raises OperatorError.
    """
    with supervised(home) as supervisor:
        yield start_servers(supervisor, environ)


@contextmanager
def supervised(path: Path, say: Say = quiet) -> Iterator[Supervisor]:
    """A supervisor with the home at `path` to itself, rid of what an earlier one that was killed left running."""
    home = open_home(path)
    with home.locked():
        if names := stop_processes(home.status):
            say(f"Stopped what a killed run left behind: {', '.join(names)}")
        with Supervisor(home, say) as supervisor:
            yield supervisor


def start_servers(supervisor: Supervisor, environ: Mapping[str, str], say: Say = quiet) -> dict[str, str]:
    """Starts or checks both; returns their DATABASE_URL and REDIS_URL, for processes that shall read no others."""
    return {
        "DATABASE_URL": _checked_database(_named(environ, "DATABASE_URL"), say) or _start_postgres(supervisor, say),
        "DATABASE_URL_FILE": "",
        "REDIS_URL": _checked_redis(_named(environ, "REDIS_URL"), say) or _start_valkey(supervisor, say),
        "REDIS_URL_FILE": "",
    }


def _named(environ: Mapping[str, str], setting: str) -> str:
    """The address that the operator set, by itself or in a file."""
    file = environ.get(f"{setting}_FILE")
    try:
        return Path(file).read_text().strip() if file else environ.get(setting, "")
    except OSError as error:
        raise OperatorError(f"{setting}_FILE points at {file}, which cannot be read: {error.strerror}.") from error


def _start_postgres(supervisor: Supervisor, say: Say) -> str:
    began = time.monotonic()
    home, place = supervisor.home, find_place(supervisor.home)
    account = place.account
    server = postgres.Postgres(place, credentials.load(home.secrets).postgres_password)
    server.prepare()
    port = ports.remembered(home.ports, postgres.NAME)
    url = server.url(port)
    ready = functools.partial(postgres.answers, url)
    spec = Spec(postgres.NAME, server.command(port), SERVER_ENV, ready, postgres.STOP, _STOP_SECONDS, account.popen())
    supervisor.add_spec(spec)
    supervisor.start(postgres.NAME, timeout=_START_SECONDS)
    say(f"PostgreSQL ready on 127.0.0.1:{port} ({time.monotonic() - began:.1f} s)")
    return url


def _start_valkey(supervisor: Supervisor, say: Say) -> str:
    began = time.monotonic()
    home, place = supervisor.home, find_place(supervisor.home)
    account = place.account
    server = valkey.Valkey(place, credentials.load(home.secrets).valkey_password)
    server.stop_leftover()
    port = ports.remembered(home.ports, valkey.NAME)
    server.configure(port)
    url = server.url(port)
    ready = functools.partial(valkey.answers, url)
    spec = Spec(valkey.NAME, server.command(), SERVER_ENV, ready, valkey.STOP, _STOP_SECONDS, account.popen())
    supervisor.add_spec(spec)
    supervisor.start(valkey.NAME, timeout=_START_SECONDS)
    say(f"Valkey ready on 127.0.0.1:{port} ({time.monotonic() - began:.1f} s)")
    return url


def _checked_database(url: str, say: Say) -> str:
    if url:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.Error as error:
            raise OperatorError(_unreachable("DATABASE_URL", url, error, "PostgreSQL")) from None
        say(f"PostgreSQL answers at {_shown(url)}")
    return url


def _checked_redis(url: str, say: Say) -> str:
    if url:
        try:
            valkey.ping(url)
        except (redis.RedisError, ValueError) as error:
            raise OperatorError(_unreachable("REDIS_URL", url, error, "Valkey")) from None
        say(f"Valkey answers at {_shown(url)}")
    return url


def _unreachable(setting: str, url: str, error: Exception, server: str) -> str:
    reason = " ".join(str(error).split()).rstrip(".").replace(_password(url), "***")
    return (
        f"{setting} points at {_shown(url)}, which does not let us in: {reason}. "
        f"Mend it, or unset it and Quartet runs a {server} of its own."
    )


def _password(url: str) -> str:
    """The password in an address, which a driver may repeat in its complaint; the whole address where there is none."""
    return url.partition("://")[2].rpartition("@")[0].partition(":")[2] or url


def _shown(url: str) -> str:
    """The address without its password."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or 'localhost'}{f':{parts.port}' if parts.port else ''}{parts.path}"
    except ValueError:
        return "an address that cannot be read"
