"""What `.ci/run` runs as an ordinary user is what can come out otherwise for one."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ASKS = re.compile(r"\b(geteuid|getuid|chmod|chown|st_mode|st_uid|username\(\)|quartet_home|product: Product)\b")
_NAMED = re.findall(r'^AS_USER="(?:\$AS_USER )?(.+)"$', (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
AS_USER = [ROOT / path for line in _NAMED for path in line.split()]


def test_every_place_named_there_is_there() -> None:
    assert [path for path in AS_USER if not path.exists()] == []


def test_every_test_that_asks_who_runs_it_is_among_them() -> None:
    asking = [path for path in (ROOT / "tests").rglob("test_*.py") if _ASKS.search(path.read_text())]
    elsewhere = [path for path in asking if not any(path.is_relative_to(place) for place in AS_USER)]
    assert asking and elsewhere == [Path(__file__).resolve()]
