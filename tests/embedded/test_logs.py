"""Logs stay small and tell the end of the story."""

from pathlib import Path

import pytest

from controlplane.embedded import logs


def test_a_long_log_is_moved_aside_while_its_writer_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LIMIT_BYTES", 10)
    log = tmp_path / "web.log"
    with log.open("a") as writer:
        writer.write("before it was trimmed\n")
        writer.flush()
        logs.trim(log)
        writer.write("after\n")
    assert (tmp_path / "web.log.1").read_text() == "before it was trimmed\n"
    assert log.read_text() == "after\n"


def test_a_short_log_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("one line\n")
    logs.trim(log)
    assert log.read_text() == "one line\n"


def test_the_tail_holds_the_last_lines_of_this_run_only(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("earlier run\n")
    start = log.stat().st_size
    with log.open("a") as writer:
        writer.writelines(f"line {n}\n" for n in range(100))
    assert logs.tail(log, start, lines=2) == "line 98\nline 99"
    assert "earlier" not in logs.tail(log, start, lines=1000)
