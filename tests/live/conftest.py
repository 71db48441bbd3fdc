"""One running product for all live tests."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.embedded.clean import delete_home
from controlplane.embedded.stack import Listen, running
from tests.live.product import Product


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.live)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Everything that `manage.py up` starts, on servers of its own, and a model that answers 7 on two replicas."""
    folder = tmp_path_factory.mktemp("live")
    mine = {"DATABASE_URL", "REDIS_URL", "QUARTET_HOME", "QUARTET_DATABASE_POOL"}
    environ = {name: value for name, value in os.environ.items() if name not in mine}
    environ["QUARTET_WEBHOOK_ALLOW"] = "127.0.0.0/8"
    # Room for the seconds that a killed process is away, and not for the minute of test_a_minute_away.
    environ["QUARTET_RECORD_SPOOL"] = str(600 * 1024)
    listen = Listen("127.0.0.1", free_port(), free_port())
    with running(folder / "home", listen, print, environ) as stack:
        live = Product(stack, folder)
        live.deploy(7, replicas=2)
        yield live
        live.ci.close()
    delete_home(folder / "home")
