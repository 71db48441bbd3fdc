"""Small files that are either whole or not there."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """Replaces `path` in one step: a crash or a full disk leaves the old content, never half of the new."""
    temporary = _written_beside(path, text, mode)
    try:
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def create_whole(path: Path, text: str, mode: int = 0o600) -> bool:
    """Creates `path` with `text`, or returns False when it exists: of two creators at once, one wins."""
    temporary = _written_beside(path, text, mode)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


def _written_beside(path: Path, text: str, mode: int) -> Path:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)
