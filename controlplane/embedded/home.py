"""QUARTET_HOME: the one directory that holds everything Quartet writes."""

import fcntl
import os
import pwd
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from controlplane.embedded.errors import OperatorError

#: PostgreSQL's empty cluster, its write-ahead log and a small model fit in this with room to spare.
LEAST_FREE_BYTES = 300 * 2**20
_PROBE_BYTES = 2**20
#: What Quartet makes in a home, and what of it shows that a directory is one.
OURS = frozenset(
    {"secrets.json", "embedded", "artifacts", "assets", "staging", "training", "logs", "gateway", "run", "demo"}
)
_SIGNS = frozenset({"secrets.json", "embedded"})
_ELSEWHERE = "or choose another place with QUARTET_HOME"


@dataclass(frozen=True)
class Home:
    """Paths inside QUARTET_HOME; made and checked by `open_home`."""

    path: Path

    @property
    def secrets(self) -> Path:
        return self.path / "secrets.json"

    @property
    def embedded(self) -> Path:
        return self.path / "embedded"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def ports(self) -> Path:
        return self.embedded / "ports.json"

    @property
    def status(self) -> Path:
        return self.run / "status.json"

    @property
    def exists(self) -> bool:
        """Whether Quartet has been started here."""
        return any((self.path / sign).exists() for sign in _SIGNS)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the home for this process alone; raises OperatorError when another one has it."""
        self.run.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(self.run / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OperatorError(
                    f"Quartet already runs on {self.path} (process {file.read().strip() or 'unknown'}). "
                    f"Stop that one first, {_ELSEWHERE}."
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield


def open_home(path: Path) -> Home:
    """The home at `path`, created where missing; raises OperatorError when it cannot serve as one."""
    home = Home(path.absolute())
    try:
        _create(home)
        _prove_writable(home.path)
    except OSError as error:
        raise OperatorError(
            f"QUARTET_HOME {home.path} cannot be written: {_reason(error)}. Mend that, {_ELSEWHERE}."
        ) from error
    require_space(home.path, "QUARTET_HOME")
    return home


def require_space(path: Path, what: str) -> None:
    """Raises OperatorError when the disk under `path` is too full to start servers on."""
    free = shutil.disk_usage(path).free
    if free < LEAST_FREE_BYTES:
        raise OperatorError(
            f"The disk under {what} {path} is full: {free // 2**20} MB are free "
            f"and Quartet needs {LEAST_FREE_BYTES // 2**20} MB to start. Free some space, {_ELSEWHERE}."
        )


def _create(home: Home) -> None:
    # Others may pass through (the servers' account of root must), but not look around.
    home.path.mkdir(mode=0o711, parents=True, exist_ok=True)
    _refuse_foreign(home.path)
    home.embedded.mkdir(mode=0o711, exist_ok=True)
    for private in (home.logs, home.run):
        private.mkdir(mode=0o700, exist_ok=True)


def _refuse_foreign(path: Path) -> None:
    owner = path.stat().st_uid
    if owner != os.geteuid():
        raise OperatorError(
            f"QUARTET_HOME {path} belongs to {_user(owner)}, and you are {_user(os.geteuid())}. "
            f"Start Quartet as {_user(owner)}, {_ELSEWHERE}."
        )
    names = {entry.name for entry in path.iterdir()}
    if names - OURS and not names & _SIGNS:
        raise OperatorError(
            f"QUARTET_HOME {path} holds other things ({', '.join(sorted(names)[:3])}). "
            "Name an empty or a new directory in QUARTET_HOME."
        )


def _prove_writable(path: Path) -> None:
    """Writes and syncs for real: permission bits say nothing of read-only mounts, quotas or full disks."""
    probe = path / "run" / ".probe"
    try:
        with probe.open("wb") as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    finally:
        probe.unlink(missing_ok=True)


def _reason(error: OSError) -> str:
    return f"{error.strerror} ({error.filename})" if error.filename else str(error.strerror)


def _user(uid: int) -> str:
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"
