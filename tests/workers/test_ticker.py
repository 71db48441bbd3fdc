"""The control worker's clock."""

import subprocess
import sys
import threading

import pytest

from workers import ticker


def test_it_ticks_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks, enough = [], threading.Event()

    def tick() -> float:
        ticks.append(threading.current_thread().name)
        if len(ticks) == 3:
            enough.set()
        return 0.01

    monkeypatch.setattr(ticker, "tick", tick)
    stop = threading.Event()
    thread = ticker.start(stop)
    assert enough.wait(30)
    stop.set()
    thread.join()
    assert set(ticks) == {"ticker"}


def test_a_process_whose_ticker_dies_ends() -> None:
    dying = """
import django, threading, time
django.setup()
from workers import ticker
def tick(): raise SystemExit
ticker.tick = tick
ticker.start(threading.Event())
time.sleep(60)
"""
    ended = subprocess.run([sys.executable, "-c", dying], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 3
    assert "the ticker died" in ended.stdout + ended.stderr
