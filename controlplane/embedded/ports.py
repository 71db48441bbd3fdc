"""Ports: is one free, who has it, which one to take."""

import json
import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from controlplane.embedded.errors import OperatorError
from controlplane.embedded.files import write_whole

#: Below Linux's range for outgoing connections, so that no client's own end takes a server's port while it restarts.
CHOICE = range(20_000, 32_000)


def is_free(port: int, bind: str = "127.0.0.1") -> bool:
    """True when a server could listen on `bind`:`port` now."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: connections of an earlier run that linger in TIME_WAIT are no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
            probe.listen(1)
        except (OSError, OverflowError):
            return False
    return True


def require_free(port: int, setting: str, bind: str = "127.0.0.1") -> None:
    """Raises OperatorError naming the port, who holds it and the setting that chooses another."""
    if not is_free(port, bind):
        raise OperatorError(
            f"Port {port} on {bind} is in use by {holder(port)}. "
            f"Stop that program, or choose another port with {setting}, for example {setting}={port + 10}."
        )


def holder(port: int) -> str:
    """Who listens on `port`, as far as the system lets us see."""
    for pid in _listeners(port):
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            return f"process {pid} ({' '.join(process.cmdline())[:120] or process.name()})"
    return "another program (of another user, so its name is hidden)"


def choose() -> int:
    """A free port that servers here may keep."""
    for port in random.sample(CHOICE, len(CHOICE)):
        if is_free(port):
            return port
    raise OperatorError(
        f"No port between {CHOICE.start} and {CHOICE.stop} is free on 127.0.0.1. Stop some servers and try again."
    )


def remembered(register: Path, server: str) -> int:
    """The port `server` used last time, or a new one where that is taken; kept in the JSON file `register`."""
    ports = _read(register)
    port = ports.get(server)
    if port is None or not is_free(port):
        ports[server] = port = choose()
        write_whole(register, json.dumps(ports))
    return port


def _read(register: Path) -> dict[str, int]:
    try:
        ports = json.loads(register.read_text())
        return {str(server): int(port) for server, port in ports.items()}
    except (FileNotFoundError, ValueError, AttributeError, TypeError):
        return {}


def _listeners(port: int) -> Iterator[int]:
    with suppress(psutil.Error):
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status != psutil.CONN_LISTEN or not connection.laddr:
                continue
            if connection.laddr.port == port and connection.pid:
                yield connection.pid
