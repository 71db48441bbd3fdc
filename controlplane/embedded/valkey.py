"""The embedded Valkey: its configuration, its command line, its readiness. It listens on 127.0.0.1, with a password."""

import os
import signal
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from controlplane.embedded import leftovers
from controlplane.embedded.files import write_whole
from controlplane.embedded.place import Place

NAME = "valkey"
STOP = signal.SIGTERM


class Valkey:
    """One server with its append-only file in `place.data`/valkey; configure it before its command runs."""

    def __init__(self, place: Place, password: str) -> None:
        self._place = place
        self._password = password
        self._data = place.data / "valkey"
        self._config = self._data / "valkey.conf"
        self._pid_file = self._data / "valkey.pid"

    def stop_leftover(self) -> None:
        """Ends the server that a killed supervisor left; before a port is chosen, as it may hold ours."""
        leftovers.stop_server(self._pid_file, self._data, STOP)

    def configure(self, port: int) -> None:
        """Writes the configuration that the server starts with."""
        self._place.account.own(self._data)
        write_whole(self._config, self._settings(port))
        if self._place.account.switch:
            os.chown(self._config, self._place.account.uid, self._place.account.gid)

    def command(self) -> list[str]:
        """The server's command line."""
        return [str(self._place.valkey_server), str(self._config)]

    def url(self, port: int) -> str:
        """The REDIS_URL of this server."""
        return f"redis://:{self._password}@127.0.0.1:{port}/0"

    def _settings(self, port: int) -> str:
        # Every write is on disk within a second; at the limit of memory it refuses instead of forgetting.
        settings = {
            "bind": "127.0.0.1",
            "port": port,
            "requirepass": self._password,
            "dir": _quoted(self._data),
            "pidfile": _quoted(self._pid_file),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
            # The command line keeps naming this file, by which the next start tells our server from others.
            "set-proc-title": "no",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())


def answers(url: str) -> bool:
    """True when the server lets us in and has loaded its data."""
    try:
        ping(url)
    except redis.RedisError:
        return False
    return True


def ping(url: str) -> None:
    """Asks the server once, without the client's own retries and their waits; raises RedisError, or ValueError for a
    text that is no address."""
    once = Retry(NoBackoff(), 0)
    with redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5, retry=once) as client:
        client.ping()


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
