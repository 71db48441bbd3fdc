"""Log files of the supervised processes: appended to by the process itself, kept small by us."""

import shutil
from pathlib import Path

#: A log grown past this is moved to NAME.log.1, so a process's logs never hold more than about twice as much.
LIMIT_BYTES = 10 * 2**20


def trim(log: Path) -> None:
    """Copies a log that grew too long to NAME.log.1 and empties it.

    The process keeps its descriptor, opened for appending, so it goes on at the new end. A line written between the
    two steps is lost; renaming instead would need every process to learn to open its log again.
    """
    if log.exists() and log.stat().st_size > LIMIT_BYTES:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        with log.open("r+") as file:
            file.truncate(0)


def tail(log: Path, start: int = 0, lines: int = 15) -> str:
    """The last lines of `log`, of those written after byte `start`."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(start if start <= size else 0, size - 16_384))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
