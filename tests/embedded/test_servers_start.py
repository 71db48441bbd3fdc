"""Both servers start with one call, keep what they are given, and let nobody else in."""

from pathlib import Path

import psycopg
import pytest
import redis

from controlplane.embedded import valkey
from controlplane.embedded.servers import servers
from tests.embedded.looking import processes_naming


def test_a_second_start_finds_what_the_first_one_wrote(quartet_home: Path) -> None:
    with servers(quartet_home, {}) as first:
        with psycopg.connect(first["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE kept (n int)")
            connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
        with redis.Redis.from_url(first["REDIS_URL"]) as client:
            client.rpush("kept", *range(1000))
    with servers(quartet_home, {}) as second:
        with psycopg.connect(second["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)
        with redis.Redis.from_url(second["REDIS_URL"]) as client:
            assert client.llen("kept") == 1000
    assert second == first


def test_after_the_block_nothing_runs(quartet_home: Path) -> None:
    with servers(quartet_home, {}):
        assert len(processes_naming(quartet_home)) == 2
    assert processes_naming(quartet_home) == []


def test_postgresql_refuses_a_wrong_password(quartet_home: Path) -> None:
    with servers(quartet_home, {}) as addresses:
        wrong = addresses["DATABASE_URL"].replace("quartet:", "quartet:x")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)


def test_postgresql_detects_bytes_that_changed_on_disk(quartet_home: Path) -> None:
    with servers(quartet_home, {}) as addresses, psycopg.connect(addresses["DATABASE_URL"]) as connection:
        assert connection.execute("SHOW data_checksums").fetchone() == ("on",)


def test_valkey_refuses_a_caller_without_password(quartet_home: Path) -> None:
    with servers(quartet_home, {}) as addresses:
        stranger = "redis://" + addresses["REDIS_URL"].rpartition("@")[2]
        with pytest.raises(redis.AuthenticationError):
            valkey.ping(stranger)


def test_secrets_are_for_their_owner_alone(quartet_home: Path) -> None:
    with servers(quartet_home, {}):
        assert (quartet_home / "secrets.json").stat().st_mode & 0o777 == 0o600
