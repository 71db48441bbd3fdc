"""Looking at what runs."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

_PATIENCE_SECONDS = 60.0


def eventually(holds: Callable[[], object]) -> None:
    """Returns as soon as `holds()` is true; fails when it never becomes so."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.05)


def processes_naming(path: Path) -> list[psutil.Process]:
    """The processes whose command line names `path`, as those of a home's servers do."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(str(path) in argument for argument in process.cmdline()):
                found.append(process)
    return found
