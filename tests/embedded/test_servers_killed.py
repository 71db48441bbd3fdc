"""Servers and supervisors that are killed come back with everything that was acknowledged."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import redis

from controlplane.embedded.servers import servers
from tests.embedded.looking import eventually, processes_naming


def _row(home: Path, name: str) -> dict[str, object]:
    rows = json.loads((home / "run" / "status.json").read_text())["processes"]
    return next(row for row in rows if row["name"] == name)


def _kill(home: Path, name: str) -> None:
    os.kill(int(str(_row(home, name)["pid"])), signal.SIGKILL)


def _is_back(home: Path, name: str) -> bool:
    row = _row(home, name)
    return bool(row["restarts"]) and row["state"] == "ready"


def test_postgresql_killed_comes_back_with_every_committed_row(quartet_home: Path) -> None:
    with servers(quartet_home, {}) as addresses:
        with psycopg.connect(addresses["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 100000) AS n")
        _kill(quartet_home, "postgres")
        eventually(lambda: _is_back(quartet_home, "postgres"))
        with psycopg.connect(addresses["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (100_000,)


def test_valkey_killed_comes_back_with_every_appended_item(quartet_home: Path) -> None:
    with servers(quartet_home, {}) as addresses, redis.Redis.from_url(addresses["REDIS_URL"]) as client:
        for n in range(1000):
            client.xadd("kept", {"n": n})
        _kill(quartet_home, "valkey")
        eventually(lambda: _is_back(quartet_home, "valkey"))
        assert client.xlen("kept") == 1000


def test_a_supervisor_killed_leaves_servers_that_the_next_one_replaces(quartet_home: Path) -> None:
    with _serving(quartet_home) as killed:
        assert killed.stdout is not None
        with psycopg.connect(json.loads(killed.stdout.readline())["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1")
        killed.kill()
    left = {process.pid for process in processes_naming(quartet_home / "embedded")}
    assert len(left) == 2
    with servers(quartet_home, {}) as addresses:
        assert left.isdisjoint(process.pid for process in processes_naming(quartet_home))
        with psycopg.connect(addresses["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1,)
    assert processes_naming(quartet_home) == []


def test_leftover_servers_are_found_without_a_status_file(quartet_home: Path) -> None:
    with _serving(quartet_home) as killed:
        assert killed.stdout is not None
        killed.stdout.readline()
        killed.kill()
    (quartet_home / "run" / "status.json").unlink()
    with servers(quartet_home, {}):
        assert len(processes_naming(quartet_home)) == 2


def test_a_second_supervisor_on_the_same_home_is_refused(quartet_home: Path) -> None:
    with servers(quartet_home, {}):
        second = _serving(quartet_home)
        _, said = second.communicate()
        assert second.returncode == 1
        assert f"Quartet already runs on {quartet_home} (process {os.getpid()})" in said


def _serving(home: Path) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-m", "tests.embedded.serve", str(home)], stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )
