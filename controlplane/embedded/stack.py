"""All of Quartet on this machine: the servers, then its own processes, in one supervised block."""

import os
import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

from controlplane.embedded import credentials, ports
from controlplane.embedded.files import write_whole
from controlplane.embedded.home import Home
from controlplane.embedded.interrupts import ended_by_signals
from controlplane.embedded.probes import http_ok
from controlplane.embedded.process import Probe
from controlplane.embedded.servers import start_servers, supervised
from controlplane.embedded.supervisor import Say, Supervisor, python, quiet, run_once

ROOT = Path(__file__).resolve().parents[2]
_MANAGE = str(ROOT / "manage.py")
_SETTINGS = (
    "DATABASE_URL",
    "REDIS_URL",
    "QUARTET_HOME",
    "QUARTET_SECRET_KEY",
    "QUARTET_BIND",
    "QUARTET_PORT",
    "QUARTET_GATEWAY_PORT",
)


@dataclass(frozen=True)
class Listen:
    """Where web and gateway listen."""

    bind: str = "127.0.0.1"
    web_port: int = 8400
    gateway_port: int = 8401

    @property
    def host(self) -> str:
        """The address at which this machine reaches them: `bind` may be "every address"."""
        return {str(IPv4Address(0)): "127.0.0.1", str(IPv6Address(0)): "::1"}.get(self.bind, self.bind)

    def url(self, port: int) -> str:
        return f"http://[{self.host}]:{port}" if ":" in self.host else f"http://{self.host}:{port}"


@dataclass(frozen=True)
class Stack:
    """A running Quartet. `environ` is what its processes see: a command run with it talks to the same servers."""

    home: Home
    web_url: str
    gateway_url: str
    environ: Mapping[str, str]
    supervisor: Supervisor

    def status(self) -> list[dict[str, Any]]:
        """The supervised processes, as in run/status.json."""
        return self.supervisor.status()

    def manage(self, command: str, *arguments: str) -> None:
        """Runs a `manage.py` command against this stack; raises OperatorError with the end of its log when it fails."""
        run_once(self.home, command, python(_MANAGE, command, *arguments), self.environ)


@contextmanager
def running(
    home: Path, listen: Listen = Listen(), say: Say = quiet, environ: Mapping[str, str] = os.environ
) -> Iterator[Stack]:
    """Runs everything for the length of the block, which Ctrl-C and SIGTERM end with KeyboardInterrupt.

    Raises OperatorError when something cannot start. `say` gets a line for each step.
    """
    with ended_by_signals(), supervised(home, say) as supervisor:
        ports.require_free(listen.web_port, "QUARTET_PORT", listen.bind)
        ports.require_free(listen.gateway_port, "QUARTET_GATEWAY_PORT", listen.bind)
        stack = _stack(supervisor, listen, {**environ, **start_servers(supervisor, environ, say)})
        _migrate(stack, say)
        _start_processes(stack, listen, say)
        with _environment_file(stack):
            yield stack


def _stack(supervisor: Supervisor, listen: Listen, environ: dict[str, str]) -> Stack:
    home = supervisor.home
    environ |= {
        "QUARTET_HOME": str(home.path),
        "QUARTET_BIND": listen.bind,
        "QUARTET_PORT": str(listen.web_port),
        "QUARTET_GATEWAY_PORT": str(listen.gateway_port),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), environ.get("PYTHONPATH")])),
        "PYTHONUNBUFFERED": "1",
    }
    if not environ.get("QUARTET_SECRET_KEY") and not environ.get("QUARTET_SECRET_KEY_FILE"):
        environ["QUARTET_SECRET_KEY"] = credentials.load(home.secrets).django_secret_key
    return Stack(home, listen.url(listen.web_port), listen.url(listen.gateway_port), environ, supervisor)


def _migrate(stack: Stack, say: Say) -> None:
    began = time.monotonic()
    stack.manage("setup")
    say(f"Database schema is up to date ({time.monotonic() - began:.1f} s)")


def _start_processes(stack: Stack, listen: Listen, say: Say) -> None:
    began = time.monotonic()
    ready: dict[str, Probe | None] = {
        "web": http_ok(listen.host, listen.web_port, "/health/live"),
        "gateway": http_ok(listen.host, listen.gateway_port, "/v2/health/live"),
        "ingest": None,
        "records": None,
        "control": None,
        "accelerator": None,
        "analysis": None,
        "beat": None,
    }
    for name, probe in ready.items():
        stack.supervisor.add(name, python("-m", "controlplane.process", name), stack.environ, probe)
    say(f"Starting {', '.join(ready)}; their logs are in {stack.home.logs}")
    stack.supervisor.start(*ready)
    say(f"All processes run ({time.monotonic() - began:.1f} s)")


@contextmanager
def _environment_file(stack: Stack) -> Iterator[None]:
    """Keeps run/environment while the stack runs: sourced by a shell, manage.py there talks to this stack."""
    file = stack.home.run / "environment"
    lines = [f"export {name}={shlex.quote(stack.environ[name])}\n" for name in _SETTINGS if name in stack.environ]
    write_whole(file, "".join(lines))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
