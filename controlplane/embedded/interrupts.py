"""Ctrl-C and its relatives: they end the block they arrive in, but never the tidying up after it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Makes SIGTERM and SIGHUP end the block as Ctrl-C does: leaving it cleans up."""
    with _handlers(_interrupt):
        yield


@contextmanager
def deaf() -> Iterator[None]:
    """Ignores all of them for the length of the block, which is short and must be finished."""
    with _handlers(_ignore):
        yield


@contextmanager
def _handlers(handler: Any) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        # Python lets only the main thread set handlers, and runs them only there: others cannot be interrupted.
        yield
        return
    before = {number: signal.signal(number, handler) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


# A handler of ours, and not SIG_IGN, which child processes started meanwhile would inherit.
def _ignore(number: int, frame: FrameType | None) -> None:
    return
