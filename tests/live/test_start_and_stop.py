"""`manage.py up` and `demo` as a person at a terminal meets them: refusals, a clean end, a start after a crash."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from controlplane.embedded.clean import delete_home
from controlplane.embedded.stack import ROOT
from tests.live.conftest import free_port

_MANAGE = str(ROOT / "manage.py")


@pytest.fixture
def environ(tmp_path: Path) -> Iterator[dict[str, str]]:
    mine = {"DATABASE_URL", "REDIS_URL", "QUARTET_DATABASE_POOL"}
    kept = {name: value for name, value in os.environ.items() if name not in mine}
    ports = {"QUARTET_PORT": str(free_port()), "QUARTET_GATEWAY_PORT": str(free_port())}
    yield {**kept, **ports, "QUARTET_HOME": str(tmp_path / "home")}
    delete_home(tmp_path / "home")


def refused(environ: dict[str, str], *command: str, **popen: Any) -> str:
    """Run a manage.py command that must refuse to start; returns its words."""
    argv = [sys.executable, _MANAGE, *command]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=120, **popen)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize("setting", ["QUARTET_PORT", "QUARTET_GATEWAY_PORT"])
def test_the_demo_names_a_port_in_use(environ: dict[str, str], setting: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(environ[setting])))
        taken.listen()
        words = refused(environ, "demo", "--once")
    assert environ[setting] in words
    assert setting in words


def test_the_demo_names_a_home_it_cannot_use(environ: dict[str, str], tmp_path: Path) -> None:
    occupied = tmp_path / "a file"
    occupied.write_text("not a directory")
    words = refused({**environ, "QUARTET_HOME": str(occupied / "home")}, "demo", "--once")
    assert str(occupied) in words


def test_a_setting_that_makes_no_sense_is_named(environ: dict[str, str]) -> None:
    argv = [sys.executable, _MANAGE, "up"]
    done = subprocess.run(argv, env={**environ, "QUARTET_PORT": "many"}, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "QUARTET_PORT: use a whole number from 1 to 65535" in done.stderr


class Up:
    """`manage.py up` in a process of its own."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.url = f"http://127.0.0.1:{environ['QUARTET_PORT']}"
        self.process = subprocess.Popen(
            [sys.executable, _MANAGE, "up"], env=environ, stdout=subprocess.DEVNULL, start_new_session=True
        )

    def await_ready(self) -> None:
        end = time.monotonic() + 90
        while time.monotonic() < end:
            assert self.process.poll() is None, "up ended by itself"
            try:
                if httpx.get(f"{self.url}/health/ready").is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        raise AssertionError("up was not ready after 90 s")

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


@pytest.fixture
def up(environ: dict[str, str]) -> Iterator[Up]:
    started = Up(environ)
    yield started
    if started.process.poll() is None:
        started.process.send_signal(signal.SIGINT)
        started.process.wait(60)


def test_ctrl_c_stops_everything_and_exits_0(up: Up) -> None:
    up.await_ready()
    family = up.family()
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(60) == 0
    assert psutil.wait_procs(family, timeout=0)[1] == []


def test_after_kill_9_of_everything_a_new_start_finds_its_data(up: Up, environ: dict[str, str]) -> None:
    up.await_ready()
    family = up.family()
    made = [sys.executable, _MANAGE, "createsuperuser", "--noinput", "--username", "kim", "--email", "kim@example.org"]
    here = _environment(Path(environ["QUARTET_HOME"]))
    subprocess.run(made, env={**environ, **here}, check=True, capture_output=True)
    up.process.kill()
    for process in family:
        with suppress(psutil.NoSuchProcess):  # one of a moment only, or that has ended with its parent
            if "postgres" in process.name():
                process.kill()
    psutil.wait_procs(family, timeout=30)
    again = Up(environ)
    try:
        again.await_ready()
        ask = [
            sys.executable,
            _MANAGE,
            "shell",
            "-c",
            "from apps.core.models import User; print(User.objects.get().username)",
        ]
        here = _environment(Path(environ["QUARTET_HOME"]))
        told = subprocess.run(ask, env={**environ, **here}, check=True, capture_output=True, text=True).stdout
        assert told.splitlines()[-1] == "kim"
    finally:
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(60) == 0


def _environment(home: Path) -> dict[str, str]:
    """What run/environment of a running home exports."""
    lines = (home / "run" / "environment").read_text().splitlines()
    pairs = (line.removeprefix("export ").split("=", 1) for line in lines)
    return {name: value.strip("'") for name, value in pairs}
