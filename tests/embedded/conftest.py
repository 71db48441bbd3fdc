"""Homes, waiting and looking at processes, for tests that start real servers."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.embedded.home import LEAST_FREE_BYTES

#: What only root can do, or what happens only to root; the rest runs the same for everybody.
collect_ignore = [] if os.geteuid() == 0 else ["test_as_root.py"]


@pytest.fixture
def quartet_home() -> Iterator[Path]:
    """A QUARTET_HOME that does not exist yet, in a directory that the servers' account can pass through."""
    above = Path(tempfile.mkdtemp(prefix="quartet-home-", dir=_roomy_memory()))
    above.chmod(0o711)
    yield above / "home"
    shutil.rmtree(above)


def _roomy_memory() -> str | None:
    """The file system in memory, where it has room: these tests make some twenty clusters, and disks sync slowly."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 2 * LEAST_FREE_BYTES else None
