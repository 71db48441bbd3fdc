"""What an interrupted or damaged start left behind heals at the next one."""

import os
from pathlib import Path

import psycopg
import pytest

from controlplane.embedded import postgres
from controlplane.embedded.home import open_home
from controlplane.embedded.place import find_place
from controlplane.embedded.servers import servers
from tests.embedded.looking import processes_naming


def _rows(address: str, table: str) -> object:
    with psycopg.connect(address) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608  names are ours


def test_a_cluster_that_was_only_half_made_is_made_anew(quartet_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = find_place(open_home(quartet_home))
    server = postgres.Postgres(place, "password")

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(server, "_sql", killed)
        with pytest.raises(KeyboardInterrupt):
            server.prepare()
    halves = set(place.data.glob("postgres.half-*/PG_VERSION"))
    assert halves
    with servers(quartet_home, {}) as addresses:
        assert _rows(addresses["DATABASE_URL"], "pg_class") is not None
    assert not any(place.data.glob("postgres.half-*"))


@pytest.mark.parametrize("damage", ["", "{", '{"django_secret_key": "x"}', "[]"])
def test_a_damaged_secrets_file_is_replaced_and_the_data_kept(quartet_home: Path, damage: str) -> None:
    with servers(quartet_home, {}) as before, psycopg.connect(before["DATABASE_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1")
    (quartet_home / "secrets.json").write_text(damage)
    with servers(quartet_home, {}) as after:
        assert after["DATABASE_URL"] != before["DATABASE_URL"]
        assert _rows(after["DATABASE_URL"], "kept") == (1,)


def test_a_process_id_that_became_somebody_elses_does_not_block_the_start(quartet_home: Path) -> None:
    with servers(quartet_home, {}):
        data = next((quartet_home / "embedded").resolve().rglob("postmaster.pid")).parent
        text = (data / "postmaster.pid").read_text()
    # This very process: alive, and no PostgreSQL.
    (data / "postmaster.pid").write_text(text.replace(text.split("\n")[0], str(os.getpid()), 1))
    with servers(quartet_home, {}):
        assert len(processes_naming(quartet_home)) == 2
