"""How a run on several processes (`pytest -n 2`) shares the tests. Loaded with `-p tests.sharing`.

One does all of a file, or of a folder that starts or trains something for all its tests; such folders come first.
"""

import os
from typing import Any

import pytest

#: The longest first.
TOGETHER = ["live", "browser", "training", "models"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class ByPlace(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return place(nodeid)

    config.option.loadscopereorder = False  # the order is ours
    return ByPlace(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: _turn(item.nodeid))


def place(nodeid: str) -> str:
    """The file of a test, or its folder."""
    file = nodeid.partition("::")[0]
    return file if _turn(nodeid) == len(TOGETHER) else file.rpartition("/")[0]


def _turn(nodeid: str) -> int:
    folder = nodeid.split("/")[1] if nodeid.count("/") > 1 else ""
    return TOGETHER.index(folder) if folder in TOGETHER else len(TOGETHER)
