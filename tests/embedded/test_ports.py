"""Ports: a taken one is named with its holder, a server's own is kept."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.embedded import ports
from controlplane.embedded.errors import OperatorError


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this process listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_in_use_is_refused_naming_port_setting_and_holder(taken: int) -> None:
    with pytest.raises(OperatorError) as refusal:
        ports.require_free(taken, "QUARTET_PORT")
    for word in (f"Port {taken}", "QUARTET_PORT", f"process {os.getpid()}"):
        assert word in str(refusal.value)


def test_a_port_that_nobody_uses_is_accepted() -> None:
    ports.require_free(ports.choose(), "QUARTET_PORT")


def test_a_server_keeps_its_port(tmp_path: Path) -> None:
    register = tmp_path / "ports.json"
    first = ports.remembered(register, "postgres")
    assert ports.remembered(register, "valkey") != first
    assert ports.remembered(register, "postgres") == first


def test_a_port_taken_meanwhile_is_replaced(tmp_path: Path, taken: int) -> None:
    register = tmp_path / "ports.json"
    register.write_text(f'{{"postgres": {taken}}}')
    new = ports.remembered(register, "postgres")
    assert new != taken
    assert ports.remembered(register, "postgres") == new


@pytest.mark.parametrize("damage", ["", "[1]", '{"postgres": "x"}', '{"postgres": 99999999}'])
def test_a_damaged_register_is_written_anew(tmp_path: Path, damage: str) -> None:
    register = tmp_path / "ports.json"
    register.write_text(damage)
    port = ports.remembered(register, "postgres")
    assert ports.remembered(register, "postgres") == port
