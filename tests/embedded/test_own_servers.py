"""DATABASE_URL and REDIS_URL name servers of the operator's: those are used, and only checked."""

from pathlib import Path

import pytest

from controlplane.embedded.errors import OperatorError
from controlplane.embedded.ports import choose
from controlplane.embedded.servers import servers
from tests.embedded.looking import processes_naming


def test_named_servers_are_used_and_none_is_started(quartet_home: Path) -> None:
    with servers(quartet_home / "one", {}) as named, servers(quartet_home / "two", named) as used:
        assert used == named
        assert processes_naming(quartet_home / "two") == []


def test_addresses_in_files_are_used_and_none_is_started(quartet_home: Path, tmp_path: Path) -> None:
    with servers(quartet_home / "one", {}) as named:
        environ = {}
        for setting in ("DATABASE_URL", "REDIS_URL"):
            (tmp_path / setting).write_text(named[setting] + "\n")
            environ[f"{setting}_FILE"] = str(tmp_path / setting)
        with servers(quartet_home / "two", environ) as used:
            assert used == named
            assert processes_naming(quartet_home / "two") == []


def test_a_file_that_cannot_be_read_is_refused(quartet_home: Path, tmp_path: Path) -> None:
    environ = {"REDIS_URL_FILE": str(tmp_path / "nowhere")}
    with pytest.raises(OperatorError, match=r"REDIS_URL_FILE points at .*nowhere"), servers(quartet_home, environ):
        pass


def test_one_named_server_leaves_the_other_embedded(quartet_home: Path) -> None:
    with servers(quartet_home / "one", {}) as named:
        only_redis = {"REDIS_URL": named["REDIS_URL"], "DATABASE_URL": ""}
        with servers(quartet_home / "two", only_redis) as used:
            assert used["REDIS_URL"] == named["REDIS_URL"]
            assert [process.name() for process in processes_naming(quartet_home / "two")] == ["postgres"]


@pytest.mark.parametrize(
    ("setting", "address"),
    [
        ("DATABASE_URL", "postgresql://quartet:hush@127.0.0.1:{port}/quartet"),
        ("DATABASE_URL", "mysql://quartet:hush@127.0.0.1:{port}/quartet"),
        ("REDIS_URL", "redis://:hush@127.0.0.1:{port}/0"),
        ("REDIS_URL", "amqp://:hush@127.0.0.1:{port}/0"),
        ("REDIS_URL", "redis://:hush@127.0.0.1:port/0"),
    ],
)
def test_a_wrong_address_is_refused_without_telling_its_password(
    quartet_home: Path, setting: str, address: str
) -> None:
    with servers(quartet_home / "one", {}) as named:
        wrong = {**named, setting: address.format(port=choose())}
        with pytest.raises(OperatorError) as refusal, servers(quartet_home / "two", wrong):
            pass
    assert str(refusal.value).startswith(f"{setting} points at")
    assert "hush" not in str(refusal.value)
