"""The supervisor keeps processes running, and leaves none behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from controlplane.embedded.backoff import MOST_SECONDS, WELL_SECONDS, Backoff
from controlplane.embedded.errors import OperatorError
from controlplane.embedded.home import Home, open_home
from controlplane.embedded.process import Child, Probe, Spec
from controlplane.embedded.supervisor import Supervisor, python
from tests.embedded.looking import eventually, processes_naming

_SLEEP = "import time; time.sleep(1000)"


@pytest.fixture
def home(quartet_home: Path) -> Home:
    return open_home(quartet_home)


@pytest.fixture
def supervisor(home: Home) -> Iterator[Supervisor]:
    with Supervisor(home) as supervisor:
        yield supervisor


def _add(supervisor: Supervisor, name: str, code: str, ready: Probe | None = None) -> None:
    supervisor.add(name, python("-c", code), os.environ, ready)


def _never() -> bool:
    return False


def _row(supervisor: Supervisor, name: str) -> dict[str, object]:
    return next(row for row in supervisor.status() if row["name"] == name)


def test_a_process_that_ends_is_started_again(supervisor: Supervisor) -> None:
    _add(supervisor, "sleeper", _SLEEP)
    supervisor.start("sleeper")
    first = int(str(_row(supervisor, "sleeper")["pid"]))
    os.kill(first, signal.SIGKILL)
    eventually(lambda: _row(supervisor, "sleeper")["pid"] not in (None, first))
    assert _row(supervisor, "sleeper")["restarts"] == 1


def test_waits_double_up_to_a_bound_and_start_anew_after_a_good_run() -> None:
    backoff = Backoff()
    waits = [backoff.after(uptime=0.0) for _ in range(10)]
    assert waits[:4] == [0.1, 0.2, 0.4, 0.8]
    assert waits[-1] == MOST_SECONDS
    assert backoff.after(uptime=WELL_SECONDS) == 0.1


def test_a_process_that_always_ends_is_tried_again_and_again(supervisor: Supervisor, tmp_path: Path) -> None:
    tries = tmp_path / "tries"
    _add(supervisor, "crasher", f"open({str(tries)!r}, 'a').write('x'); raise SystemExit(3)", _never)
    with pytest.raises(OperatorError):
        supervisor.start("crasher")
    eventually(lambda: tries.exists() and len(tries.read_text()) >= 4)
    assert _row(supervisor, "crasher")["exit_code"] == 3


def test_a_process_that_cannot_start_is_reported_with_its_last_words(supervisor: Supervisor) -> None:
    _add(supervisor, "broken", "raise SystemExit('the moon is missing')", _never)
    with pytest.raises(OperatorError) as refusal:
        supervisor.start("broken")
    for word in ("broken did not start", "exit code 1", "the moon is missing"):
        assert word in str(refusal.value)


def test_the_last_words_are_those_of_the_run_that_ended_even_when_the_next_has_begun(tmp_path: Path) -> None:
    first = tmp_path / "first"
    code = (
        f"import pathlib, time; first = pathlib.Path({str(first)!r})\n"
        "if not first.exists(): first.touch(); raise SystemExit('the moon is missing')\n"
        "time.sleep(1000)"
    )
    child = Child(Spec("broken", python("-c", code), os.environ), tmp_path / "broken.log", lambda _: None)
    child.start()
    try:
        eventually(lambda: child.restarts == 1 and child.state == "ready")
        assert "the moon is missing" in child.last_words()
    finally:
        child.ask_to_stop()
        child.join()


def test_a_program_that_does_not_exist_is_reported(supervisor: Supervisor) -> None:
    supervisor.add("ghost", ["/no/such/program"], os.environ)
    with pytest.raises(OperatorError, match="/no/such/program cannot be started"):
        supervisor.start("ghost")


def test_a_process_is_ready_only_when_its_probe_says_so(supervisor: Supervisor, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    code = f"import pathlib, time; time.sleep(0.3); pathlib.Path({str(sign)!r}).touch(); time.sleep(1000)"
    _add(supervisor, "slow", code, sign.exists)
    supervisor.start("slow")
    assert sign.exists()


def test_a_process_that_never_gets_ready_is_reported(supervisor: Supervisor) -> None:
    _add(supervisor, "dull", _SLEEP, _never)
    with pytest.raises(OperatorError, match="was not ready after"):
        supervisor.start("dull", timeout=0.5)


def test_stopping_leaves_no_grandchildren_even_in_own_sessions(home: Home, tmp_path: Path) -> None:
    family = (
        "import subprocess, sys, time;"
        "sleeper = [sys.executable, '-c', 'import time; time.sleep(1000)', sys.argv[1]];"
        "subprocess.Popen(sleeper); subprocess.Popen(sleeper, start_new_session=True);"
        "time.sleep(1000)"
    )
    with Supervisor(home) as supervisor:
        supervisor.add_spec(Spec("family", python("-c", family, str(tmp_path)), os.environ, grace_seconds=0.5))
        supervisor.start("family")
        eventually(lambda: len(processes_naming(tmp_path)) == 3)
    assert processes_naming(tmp_path) == []


def test_a_process_deaf_to_its_stop_signal_is_killed(home: Home, tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    ignore = "import signal, pathlib, time; signal.signal(15, signal.SIG_IGN)"
    code = f"{ignore}; pathlib.Path({str(sign)!r}).touch(); time.sleep(1000)"
    with Supervisor(home) as supervisor:
        supervisor.add_spec(Spec("deaf", python("-c", code), os.environ, ready=sign.exists, grace_seconds=0.5))
        supervisor.start("deaf")
    assert _row(supervisor, "deaf")["state"] == "stopped"
    assert _row(supervisor, "deaf")["exit_code"] == -signal.SIGKILL


def test_processes_stop_in_reverse_order(home: Home, tmp_path: Path) -> None:
    order = tmp_path / "order"
    code = (
        "import signal, sys, pathlib, time\n"
        "def stop(*_): pathlib.Path(sys.argv[1]).open('a').write(sys.argv[2]); sys.exit()\n"
        "signal.signal(15, stop); pathlib.Path(sys.argv[1] + sys.argv[2]).touch()\n"
        "time.sleep(1000)"
    )
    with Supervisor(home) as supervisor:
        for name in "abc":
            ready = Path(f"{order}{name}").exists
            supervisor.add(name, python("-c", code, str(order), name), os.environ, ready=ready)
            supervisor.start(name)
    assert order.read_text() == "cba"


def test_the_status_file_tells_what_runs(supervisor: Supervisor, home: Home) -> None:
    _add(supervisor, "sleeper", _SLEEP)
    supervisor.start("sleeper")
    written = json.loads(home.status.read_text())
    assert written["supervisor"] == os.getpid()
    assert written["processes"] == supervisor.status()
    assert psutil.Process(written["processes"][0]["pid"]).ppid() == os.getpid()


def test_the_lifeline_closes_when_the_supervisor_is_killed(home: Home, tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    watch = (
        "import os, sys, pathlib;os.read(int(os.environ['QUARTET_LIFELINE_FD']), 1);pathlib.Path(sys.argv[1]).touch()"
    )
    supervise = (
        "import os, sys, time; from pathlib import Path;"
        "from controlplane.embedded.home import open_home;"
        "from controlplane.embedded.supervisor import Supervisor, python;"
        "s = Supervisor(open_home(Path(sys.argv[1])));"
        "s.add('watch', python('-c', sys.argv[2], sys.argv[3]), os.environ);"
        "s.start('watch'); print('up', flush=True); time.sleep(1000)"
    )
    command = [sys.executable, "-c", supervise, str(home.path), watch, str(ended)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert not ended.exists()
        process.kill()
    eventually(ended.exists)
    eventually(lambda: not processes_naming(ended))
