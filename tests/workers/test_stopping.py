"""What a signal sets off cannot hang the process that it came to."""

import subprocess
import sys

#: Its main thread holds the lock that the event needs when the signal comes.
HOLDS = """
import os, signal, threading
from workers.stopping import on_signals
stop = threading.Event()
on_signals((signal.SIGTERM,), stop.set)
with stop._cond:
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(1000):
        pass  # the handler has run by now
stop.wait()
print("stopped")
"""

#: Counts what came, however often.
COUNTS = """
import os, signal, threading
from workers.stopping import on_signals
came, done = [], threading.Event()
def act():
    came.append(1)
    if len(came) == 3:
        done.set()
on_signals((signal.SIGTERM, signal.SIGINT), act)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
    os.kill(os.getpid(), number)
done.wait()
print("stopped")
"""


def said(text: str) -> str:
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=60).stdout.strip()


def test_a_signal_that_comes_while_the_main_thread_holds_the_events_lock_is_heard() -> None:
    assert said(HOLDS) == "stopped"


def test_each_signal_is_acted_on() -> None:
    assert said(COUNTS) == "stopped"
