"""Where web keeps a body until a view reads it."""

import tempfile
from pathlib import Path

import pytest

from controlplane.process import _spool_beside_uploads


def test_bodies_are_spooled_under_the_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    _spool_beside_uploads()
    with tempfile.NamedTemporaryFile() as spooled:
        assert home in Path(spooled.name).parents
