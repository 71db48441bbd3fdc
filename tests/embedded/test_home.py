"""A home that cannot serve is refused in a sentence that says why and what to do."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from apps.core.ids import new_id
from apps.datasets.storage import AssetFiles
from apps.registry.storage import artifacts_root, staging_root
from apps.training.models import TrainingJob
from controlplane.embedded import home as home_module
from controlplane.embedded.account import servers_account
from controlplane.embedded.clean import delete_home
from controlplane.embedded.errors import OperatorError
from controlplane.embedded.home import open_home


def _refusal(path: Path) -> str:
    with pytest.raises(OperatorError) as refusal:
        open_home(path)
    assert "QUARTET_HOME" in str(refusal.value)
    return str(refusal.value)


def test_a_new_home_is_made_and_opened_again(quartet_home: Path) -> None:
    assert open_home(quartet_home) == open_home(quartet_home)
    assert quartet_home.stat().st_mode & 0o777 == 0o711


@pytest.fixture
def ordinary_user() -> Iterator[None]:
    """Takes root's rights away for the test's length: root writes where it likes."""
    account, root = servers_account(), os.geteuid()
    os.seteuid(account.uid)
    yield
    os.seteuid(root)


def test_a_home_that_cannot_be_written_is_refused(ordinary_user: None) -> None:
    with tempfile.TemporaryDirectory() as above:
        home = Path(above) / "home"
        home.mkdir(mode=0o555)
        assert f"{home} cannot be written: Permission denied" in _refusal(home)


def test_a_home_on_a_full_disk_is_refused(quartet_home: Path) -> None:
    open_home(quartet_home)
    # The kernel's own full disk: every write to it fails as a real one's does.
    (quartet_home / "run" / ".probe").symlink_to("/dev/full")
    assert "No space left on device" in _refusal(quartet_home)


def test_a_nearly_full_disk_is_refused_before_it_is_full(quartet_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_module, "LEAST_FREE_BYTES", 2**60)
    assert "MB are free" in _refusal(quartet_home)


def test_a_directory_with_other_things_in_it_is_refused(quartet_home: Path) -> None:
    quartet_home.mkdir()
    (quartet_home / "thesis.tex").touch()
    assert "holds other things (thesis.tex)" in _refusal(quartet_home)
    assert [entry.name for entry in quartet_home.iterdir()] == ["thesis.tex"]


def test_somebody_elses_directory_is_refused() -> None:
    other = Path("/usr") if os.geteuid() else Path(f"/proc/{_someone_elses_process()}")
    assert "belongs to" in _refusal(other)


def _someone_elses_process() -> int:
    return next(process.pid for process in psutil.process_iter() if process.uids().real != 0)


def test_clean_deletes_a_home(quartet_home: Path) -> None:
    open_home(quartet_home)
    delete_home(quartet_home)
    assert not quartet_home.exists()


def test_clean_deletes_what_models_samples_and_jobs_left(quartet_home: Path, settings: Any) -> None:
    settings.QUARTET_HOME = quartet_home
    open_home(quartet_home)
    for left in (artifacts_root(), staging_root(), Path(AssetFiles().location), TrainingJob(pk=new_id()).directory):
        left.mkdir(parents=True)
    delete_home(quartet_home)
    assert not quartet_home.exists()


def test_clean_leaves_a_directory_that_is_no_home(quartet_home: Path) -> None:
    (quartet_home / "run").mkdir(parents=True)
    (quartet_home / "thesis.tex").touch()
    delete_home(quartet_home)
    assert {entry.name for entry in quartet_home.iterdir()} == {"run", "thesis.tex"}


def test_clean_leaves_what_is_not_quartets_in_a_home(quartet_home: Path) -> None:
    open_home(quartet_home)
    (quartet_home / "thesis.tex").touch()
    delete_home(quartet_home)
    assert [entry.name for entry in quartet_home.iterdir()] == ["thesis.tex"]


def test_a_home_that_single_processes_wrote_to_may_become_a_whole_one(quartet_home: Path) -> None:
    (quartet_home / "staging").mkdir(parents=True)
    assert open_home(quartet_home).exists


def test_clean_refuses_while_quartet_runs(quartet_home: Path) -> None:
    with open_home(quartet_home).locked(), pytest.raises(OperatorError, match="already runs"):
        delete_home(quartet_home)
    assert quartet_home.exists()
