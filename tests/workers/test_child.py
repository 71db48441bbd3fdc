"""A child ends with the process that started it, however that one ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workers.hosting import DEAF, OBEDIENT, runs, script, until
from workers.child import Child

PARENT = """
import sys
from pathlib import Path
from workers.child import Child
child = Child([sys.executable, "-c", sys.argv[1]], {}, log=Path(sys.argv[2]), cwd=Path.cwd(), environment={})
while (event := child.event(10))["event"] != "ready":
    pass
print(child.pid, flush=True)
sys.stdin.read()
"""


def start(text: str, tmp_path: Path) -> Child:
    return Child(script(text), {"a": 1}, log=tmp_path / "logs" / "child.log", cwd=tmp_path, environment={})


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_whose_parent_was_killed_ends(tmp_path: Path, ending: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT, OBEDIENT, str(tmp_path / "log")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert runs(pid)
        parent.send_signal(ending)
    until(lambda: not runs(pid), "the child to end")


def over(child: Child) -> bool:
    return child.event(0) is None and child.ended()


def test_events_come_in_order(tmp_path: Path) -> None:
    child = start(OBEDIENT, tmp_path)
    assert [child.event(10)["event"] for _ in range(2)] == ["live", "ready"]
    child.terminate()
    assert child.event(10) == {"event": "drained"}
    until(lambda: over(child), "its end")
    child.close()


def test_what_it_said_last_is_not_lost_with_its_end(tmp_path: Path) -> None:
    child = start('print(\'{"event": "failed", "code": "x"}\')', tmp_path)
    until(lambda: not runs(child.pid), "its end")
    assert not child.ended()
    assert child.event(5) == {"event": "failed", "code": "x"}
    until(lambda: over(child), "the end of its words")
    child.close()


def test_a_specification_longer_than_a_pipe_holds_does_not_hang(tmp_path: Path) -> None:
    child = Child(
        script("import time; time.sleep(60)"),
        {"files": "x" * 1_000_000},
        log=tmp_path / "log",
        cwd=tmp_path,
        environment={},
    )
    child.close()
    assert not runs(child.pid)


def test_a_grandchild_that_holds_the_output_open_does_not_hide_the_end(tmp_path: Path) -> None:
    child = start(DEAF, tmp_path)
    until(lambda: (child.event(0) or {}).get("event") == "ready", "it to be ready")
    os.kill(child.pid, signal.SIGKILL)
    until(lambda: over(child), "the end to be seen")
    child.close()


def test_only_the_newest_logs_are_kept(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(150):
        (logs / f"{number}.log").touch()
        os.utime(logs / f"{number}.log", (number, number))
    start("", tmp_path).close()
    kept = {path.name for path in logs.iterdir()}
    assert len(kept) == 101
    assert "149.log" in kept
    assert "0.log" not in kept


def test_the_log_of_a_child_that_runs_is_among_the_newest(tmp_path: Path) -> None:
    child = start(OBEDIENT, tmp_path)
    log = tmp_path / "logs" / "child.log"
    os.utime(log, (1, 1))
    child.bound_log()
    assert log.stat().st_mtime > 1
    child.close()


def test_a_log_that_was_taken_away_does_not_matter(tmp_path: Path) -> None:
    child = start(OBEDIENT, tmp_path)
    (tmp_path / "logs" / "child.log").unlink()
    child.bound_log()
    os.kill(child.pid, signal.SIGKILL)
    assert "SIGKILL" in child.how_it_ended()
    child.close()
