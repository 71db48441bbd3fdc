"""The cache never gives half an entry, stays within its bound, and failing to write costs only time."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from workers.training.digits_av.cache import Cache

# The kernel stops a process at the first byte beyond its limit: by killing it, or, if it ignores the signal, by an
# error as a full disk gives. A megabyte of a two-megabyte entry is written by then.
LIMITED_WRITER = """
import resource, signal, sys
from pathlib import Path
from workers.training.digits_av.cache import Cache
signal.signal(signal.SIGXFSZ, signal.SIG_{action})
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
content = Cache(Path(sys.argv[1])).get("speech", lambda: b"x" * 2_000_000)
print(len(content))
"""


def limited_writer(directory: Path, action: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LIMITED_WRITER.format(action=action), str(directory)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def refuse() -> bytes:
    raise AssertionError("the entry should have come from the cache")


@pytest.fixture
def killed_writer(tmp_path: Path) -> Path:
    """A cache directory in which a writer was killed half-way; the file it left behind."""
    assert limited_writer(tmp_path, "DFL").returncode == -signal.SIGXFSZ
    (left,) = tmp_path.iterdir()
    assert 0 < left.stat().st_size < 2_000_000
    return left


def test_by_default_it_lies_in_quartets_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTET_HOME", str(tmp_path))
    Cache().get("speech", lambda: b"seven")
    assert (tmp_path / "cache" / "speech.entry").is_file()


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    assert Cache(tmp_path).get("speech", lambda: b"seven") == b"seven"
    assert Cache(tmp_path).get("speech", refuse) == b"seven"


def test_a_killed_writer_leaves_nothing_a_reader_would_take(killed_writer: Path) -> None:
    assert Cache(killed_writer.parent).get("speech", lambda: b"whole") == b"whole"
    assert Cache(killed_writer.parent).get("speech", refuse) == b"whole"


def test_what_a_killed_writer_left_is_removed_in_time(killed_writer: Path) -> None:
    long_ago = time.time() - 3600
    os.utime(killed_writer, (long_ago, long_ago))
    Cache(killed_writer.parent).get("other", lambda: b"anything")
    assert not killed_writer.exists()


def test_a_file_another_writer_is_still_writing_is_left_alone(killed_writer: Path) -> None:
    Cache(killed_writer.parent).get("other", lambda: b"anything")
    assert killed_writer.exists()


def test_a_full_disk_costs_the_entry_but_not_the_answer(tmp_path: Path) -> None:
    writer = limited_writer(tmp_path, "IGN")
    assert writer.stdout == "2000000\n"
    assert "Could not keep speech in the cache" in writer.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("position", [0, 40])
def test_a_damaged_entry_is_made_again(tmp_path: Path, position: int) -> None:
    Cache(tmp_path).get("speech", lambda: b"seven" * 10)
    (entry,) = tmp_path.iterdir()
    content = bytearray(entry.read_bytes())
    content[position] ^= 1
    entry.write_bytes(content)
    assert Cache(tmp_path).get("speech", lambda: b"again") == b"again"


def test_an_entry_cut_short_is_made_again(tmp_path: Path) -> None:
    Cache(tmp_path).get("speech", lambda: b"seven" * 10)
    (entry,) = tmp_path.iterdir()
    entry.write_bytes(entry.read_bytes()[:20])
    assert Cache(tmp_path).get("speech", lambda: b"again") == b"again"


def test_beyond_the_bound_the_entry_unused_for_longest_goes(tmp_path: Path) -> None:
    cache = Cache(tmp_path, max_bytes=2500)
    for age, name in ((300, "old"), (200, "used")):
        cache.get(name, lambda: b"x" * 1000)
        moment = time.time() - age
        os.utime(tmp_path / f"{name}.entry", (moment, moment))
    os.utime(tmp_path / "old.entry", (time.time() - 100, time.time() - 100))
    cache.get("used", refuse)
    cache.get("new", lambda: b"x" * 1000)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.entry", "used.entry"]


def test_many_writers_at_once_all_get_the_whole_content(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: Cache(tmp_path).get("speech", lambda: b"y" * 300_000), range(40)))
    assert set(answers) == {b"y" * 300_000}
    assert [path.name for path in tmp_path.iterdir()] == ["speech.entry"]
