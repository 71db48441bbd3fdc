"""The benchmark's Quartet is the real one, and it answers what the bare model does."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import processes, quartet
from bench.artifacts import noop_artifact
from bench.errors import Unavailable
from bench.load import Request, ask, require_same
from bench.models import noop
from bench.parts.growth import _waiting
from bench.text import TEXT, body


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that the servers' account can pass through, of this test alone."""
    above = Path(tempfile.mkdtemp(prefix="quartet-bench-"))
    above.chmod(0o711)
    yield above / "home"
    shutil.rmtree(above)


def test_quartet_answers_what_the_bare_model_does_while_others_wait_and_nothing_is_left_running(home: Path) -> None:
    with quartet.serving(noop_artifact(), others=3, home=home) as served, _waiting(served, 3):
        answer = ask(Request(served.url, [body()], quartet.HEADERS))
        require_same(answer, "embedding", noop.predict([TEXT])[0].tolist())
        with pytest.raises(Unavailable, match="something else"):
            require_same(answer, "embedding", [9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
        pids = dict(served.pids)
        assert all(processes.resident_mb(pid) > 1 for pid in pids.values())
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.values())
