"""One replica in its host's care, from claim to end, with a child that speaks the protocol."""

import json
import os
import signal
import threading
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings as django_settings

from apps.deployments.models import Replica
from tests.deployments.makers import make_version
from tests.workers.hosting import DEAF, NODE, OBEDIENT, Hosting, Outage, runs, script, until
from tests.world import World
from workers.host import Limits
from workers.node import NodeLife

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hosting(home: Path) -> Hosting:
    world = World.create()
    return Hosting(world, make_version(world))


def test_a_ready_child_is_a_ready_replica(hosting: Hosting) -> None:
    hosting.start(script(OBEDIENT)).reaches("ready")
    assert runs(hosting.replica.pid)
    assert hosting.replica.memory_bytes == 5_000_000
    hosting.order("draining").ends()


def test_its_host_speaks_for_it_again_and_again(hosting: Hosting) -> None:
    hosting.start(script(OBEDIENT)).reaches("ready")
    before = hosting.replica.heartbeat_at
    until(lambda: hosting.replica.heartbeat_at > before, "a heartbeat")
    hosting.order("draining").ends()


def test_an_order_to_drain_ends_the_child_and_then_it_is_stopped(hosting: Hosting) -> None:
    pid = hosting.start(script(OBEDIENT)).reaches("ready").replica.pid
    assert hosting.order("draining").ends().state == "stopped"
    assert not runs(pid)


def test_a_replica_that_was_given_up_is_ended_and_stays_given_up(hosting: Hosting) -> None:
    pid = hosting.start(script(OBEDIENT)).reaches("ready").replica.pid
    assert hosting.order("lost").ends().state == "lost"
    assert not runs(pid)


def test_a_stopping_worker_drains_its_replicas(hosting: Hosting) -> None:
    pid = hosting.start(script(OBEDIENT)).reaches("ready").replica.pid
    hosting.life.stopping.set()
    assert hosting.ends().state == "stopped"
    assert not runs(pid)


def test_a_child_that_does_not_drain_is_killed_with_all_it_started(hosting: Hosting) -> None:
    pid = hosting.start(script(DEAF)).reaches("ready").replica.pid
    grandchild = int(hosting.log.read_text())
    assert runs(grandchild)
    assert hosting.order("draining").ends().state == "stopped"
    until(lambda: not runs(pid) and not runs(grandchild), "both to end")


def test_a_killed_child_is_a_failure_that_names_the_signal(hosting: Hosting) -> None:
    hosting.start(script(OBEDIENT)).reaches("ready")
    os.kill(hosting.replica.pid, signal.SIGKILL)
    ended = hosting.ends()
    assert (ended.state, ended.code) == ("failed", "process_ended")
    assert "SIGKILL" in ended.reason


def test_a_child_that_says_why_is_believed(hosting: Hosting) -> None:
    failing = 'print(\'{"event": "failed", "code": "handler_failed", "message": "no module named x"}\'); exit(1)'
    ended = hosting.start(script(failing)).ends()
    assert (ended.state, ended.code, ended.reason) == ("failed", "handler_failed", "no module named x")


def test_of_a_child_that_does_not_the_last_words_are_kept(hosting: Hosting) -> None:
    ended = hosting.start(script("raise RuntimeError('out of luck')")).ends()
    assert ended.state == "failed"
    assert ended.reason.startswith("Its process exited with code 1. It last wrote:")
    assert ended.reason.endswith("RuntimeError: out of luck")


def test_a_reason_that_the_database_could_not_hold_is_made_to_fit(hosting: Hosting) -> None:
    ended = hosting.start(script("import os; os.write(2, b'\\0\\xff bad'); exit(3)")).ends()
    assert "bad" in ended.reason


def test_a_child_that_says_why_but_stays_is_killed(hosting: Hosting) -> None:
    staying = 'print(\'{"event": "failed", "code": "x", "message": "y"}\', flush=True); import time; time.sleep(60)'
    assert hosting.start(script(staying)).ends().reason == "y"


def test_a_command_that_cannot_be_started_is_a_failure_with_the_reason(hosting: Hosting) -> None:
    ended = hosting.start(["/no/such/program"]).ends()
    assert (ended.state, ended.code) == ("failed", "start_failed")
    assert "/no/such/program" in ended.reason


def test_a_child_that_never_gets_ready_is_given_up(hosting: Hosting) -> None:
    hosting.limits = Limits(beat=0.1, start=0.5)
    ended = hosting.start(script("import time; time.sleep(60)")).ends()
    assert (ended.state, ended.code) == ("failed", "start_timeout")


def test_what_a_library_prints_is_no_event(hosting: Hosting) -> None:
    noisy = 'print("hello"); print("[1]"); print("{"); print(\'{"event": 1}\'); ' + OBEDIENT.replace(
        "\nimport", "import", 1
    )
    hosting.start(script(noisy)).reaches("ready")
    hosting.order("draining").ends()


def test_a_message_that_comes_twice_starts_one_child(hosting: Hosting) -> None:
    hosting.start(script(OBEDIENT)).reaches("ready")
    hosting.start(["/no/such/program"])
    assert hosting.order("draining").ends().state == "stopped"


def test_a_worker_that_was_replaced_starts_nothing(hosting: Hosting) -> None:
    hosting.life = NodeLife(NODE, incarnation=UUID(int=hosting.life.incarnation.int - 1))
    assert hosting.start(script(OBEDIENT)).ends().state == "pending"


def test_a_child_knows_no_secrets_of_its_worker(hosting: Hosting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTET_SECRET_KEY", "do not tell")
    monkeypatch.setenv("DATABASE_URL", "postgresql://do-not-tell")
    telling = "import os, sys; print(dict(os.environ), file=sys.stderr, flush=True)" + OBEDIENT
    hosting.start(script(telling)).reaches("ready")
    known = hosting.log.read_text()
    assert "PATH" in known
    assert "tell" not in known.lower()
    hosting.order("draining").ends()


def test_a_child_is_told_what_it_is(hosting: Hosting) -> None:
    telling = OBEDIENT.replace("def say", "print(json.dumps(spec), file=sys.stderr, flush=True)\ndef say", 1)
    hosting.start(script(telling)).reaches("ready")
    spec = json.loads(hosting.log.read_text())
    assert (spec["deployment"], spec["revision"], spec["device"]) == ("digits", 1, "cpu")
    assert spec["redis_url"] == django_settings.REDIS_URL
    hosting.order("draining").ends()


def test_a_log_stays_bounded(hosting: Hosting) -> None:
    shouting = OBEDIENT.replace("told.get()", "sys.stderr.write('x' * 6_000_000 + '\\nlast words\\n'); told.get()")
    hosting.start(script(shouting)).reaches("ready")
    # While it shouts the log may be short, too, and while it is cut it is empty for a moment.
    until(
        lambda: hosting.log.stat().st_size < 2_000_000 and hosting.log.read_text().endswith("last words\n"), "the cut"
    )
    hosting.order("draining").ends()


def test_a_child_outlives_an_outage_of_the_database(hosting: Hosting) -> None:
    pid = hosting.start(script(OBEDIENT)).reaches("ready").replica.pid
    with Outage():
        threading.Event().wait(1.5)
        assert runs(pid)
    before = hosting.replica.heartbeat_at
    until(lambda: hosting.replica.heartbeat_at > before, "a heartbeat after the outage")
    assert hosting.replica.state == "ready"
    hosting.order("draining").ends()


def test_readiness_during_an_outage_is_said_afterwards(hosting: Hosting, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    slow = OBEDIENT.replace(
        'say("ready"', f"import time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.05)\nsay('ready'"
    )
    hosting.start(script(slow)).reaches("warming")
    with Outage():
        gate.touch()
        threading.Event().wait(1)
    hosting.reaches("ready")
    hosting.order("draining").ends()


def test_an_end_during_an_outage_is_said_afterwards(hosting: Hosting) -> None:
    pid = hosting.start(script(OBEDIENT)).reaches("ready").replica.pid
    with Outage():
        os.kill(pid, signal.SIGKILL)
        threading.Event().wait(1)
    assert hosting.ends().state == "failed"


def test_a_stopping_worker_does_not_wait_for_a_database_that_is_away(hosting: Hosting) -> None:
    hosting.limits = Limits(beat=0.1, last_word=0.3)
    pid = hosting.start(script(OBEDIENT)).reaches("ready").replica.pid
    with Outage():
        hosting.life.stopping.set()
        until(lambda: not runs(pid), "the child to end")
        until(lambda: not any(t.is_alive() for t in hosting._threads), "the host to return")
    assert Replica.objects.get().state in ("ready", "draining")


def test_a_code_that_the_database_could_not_hold_is_cut(hosting: Hosting) -> None:
    failing = f'print(\'{{"event": "failed", "code": "{"x" * 60}", "message": "y"}}\'); exit(1)'
    ended = hosting.start(script(failing)).ends()
    assert (ended.state, ended.code) == ("failed", "x" * 40)
