"""`manage.py up`, as a person at a terminal sees it."""

import itertools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from controlplane.embedded.ports import choose
from controlplane.embedded.stack import ROOT
from tests.embedded.looking import processes_naming

_UP = [sys.executable, str(ROOT / "manage.py"), "up"]


def _environment(home: Path, **settings: str) -> dict[str, str]:
    ports = {"QUARTET_PORT": str(choose()), "QUARTET_GATEWAY_PORT": str(choose())}
    inherited = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    return {**inherited, "QUARTET_HOME": str(home), **ports, **settings}


def _refusal(environment: Mapping[str, str]) -> str:
    result = subprocess.run(_UP, env=environment, capture_output=True, text=True)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert processes_naming(Path(environment["QUARTET_HOME"])) == []
    return result.stderr


@pytest.mark.parametrize("setting", ["QUARTET_PORT", "QUARTET_GATEWAY_PORT"])
def test_a_port_in_use_ends_it_with_a_sentence(quartet_home: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        said = _refusal(_environment(quartet_home, **{setting: str(port)}))
    assert f"Port {port}" in said
    assert setting in said


def test_an_unreachable_database_ends_it_with_a_sentence(quartet_home: Path) -> None:
    address = f"postgresql://quartet@127.0.0.1:{choose()}/quartet"
    assert "DATABASE_URL points at 127.0.0.1" in _refusal(_environment(quartet_home, DATABASE_URL=address))


def test_a_home_that_cannot_serve_ends_it_with_a_sentence(quartet_home: Path) -> None:
    quartet_home.write_text("a file, not a directory")
    assert f"QUARTET_HOME {quartet_home} cannot be written" in _refusal(_environment(quartet_home))


def test_a_process_that_cannot_start_ends_it_with_the_end_of_its_log(quartet_home: Path) -> None:
    said = _refusal(_environment(quartet_home, PYTHONPATH=str(_broken_uvicorn(quartet_home.parent))))
    assert "did not start" in said
    assert "no uvicorn today" in said


def _broken_uvicorn(directory: Path) -> Path:
    (directory / "uvicorn.py").write_text("raise SystemExit('no uvicorn today')")
    return directory


@pytest.mark.live
def test_it_replaces_what_a_killed_one_left_and_leaves_nothing_itself(quartet_home: Path) -> None:
    environment = _environment(quartet_home)
    with _running(environment) as killed:
        left = psutil.Process(killed.pid).children(recursive=True)
        killed.kill()
    with _running(environment) as second:
        assert not any(process.is_running() for process in left)
        family = psutil.Process(second.pid).children(recursive=True)
        assert len(family) >= 8
        second.send_signal(signal.SIGINT)
        said, _ = second.communicate()
    assert second.returncode == 0
    assert said.endswith("Everything is stopped.\n")
    assert not any(process.is_running() for process in family)


@pytest.mark.live
def test_it_says_how_the_first_user_is_made_until_there_is_one(quartet_home: Path) -> None:
    environment = _environment(quartet_home)
    making = _said(environment).partition("another terminal:\n")[2].partition("Ctrl-C")[0]
    assert making
    with _running(environment) as up:
        script = f"{making.strip()} --noinput --username ada --email ada@example.org"
        password = {**os.environ, "DJANGO_SUPERUSER_PASSWORD": "correct horse battery"}
        subprocess.run(["sh", "-ec", script], env=password, check=True, capture_output=True)
        up.send_signal(signal.SIGINT)
        up.communicate()
    assert "createsuperuser" not in _said(environment)


def _said(environment: Mapping[str, str]) -> str:
    """What it says once it runs; it is stopped then."""
    process = subprocess.Popen(_UP, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = list(itertools.takewhile(lambda line: "Ctrl-C stops it" not in line, process.stdout))
    process.send_signal(signal.SIGINT)
    process.communicate()
    return "".join(lines)


def _running(environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    process = subprocess.Popen(_UP, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert any("Ctrl-C stops it" in line for line in process.stdout)
    return process
