"""Under whose name the embedded servers run: PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controlplane.embedded.errors import OperatorError


@dataclass(frozen=True)
class Account:
    """A user of the system; `switch` when it is not the one we run as."""

    uid: int
    gid: int
    switch: bool

    def popen(self) -> dict[str, Any]:
        """Arguments for `subprocess` that start a program under this account."""
        # Our own working directory may be closed to the account.
        arguments: dict[str, Any] = {"cwd": "/"}
        if self.switch:
            arguments |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return arguments

    def can(self, command: Sequence[str | Path]) -> bool:
        """True when `command` ends well under this account: asked for real, as modes, mounts and ACLs matter."""
        silent: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        try:
            return subprocess.run(command, **silent, **self.popen()).returncode == 0
        except PermissionError:
            return False

    def own(self, directory: Path) -> Path:
        """`directory`, made where missing, open to this account alone."""
        directory.mkdir(mode=0o700, exist_ok=True)
        if self.switch:
            os.chown(directory, self.uid, self.gid)
        return directory


def servers_account() -> Account:
    """Ourselves, or `nobody` when we are root: a user every system has, that owns nothing else."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), switch=False)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise OperatorError(
            "As root, the embedded servers run as the user `nobody`, whom this system does not have. "
            "Start Quartet as an ordinary user."
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid, switch=True)
