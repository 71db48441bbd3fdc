"""The host with the true replica, a true artifact and a byte that changed."""

import os
import signal
from pathlib import Path

import pytest
from redis import Redis

from apps.registry.models import ModelVersion
from tests.live.artifact import write_artifact
from tests.registry.artifact import publisher
from tests.workers.hosting import Hosting, runs
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hosting(home: Path, tmp_path: Path, valkey: Redis) -> Hosting:
    """Of a registered version that always answers 7."""
    world = World.create()
    directory = write_artifact(tmp_path / "seven", 7)
    contents = {str(p.relative_to(directory)): p.read_bytes() for p in directory.rglob("*") if p.is_file()}
    version, _ = publisher(world.ada, "constant").send_all(contents).register()
    return Hosting(world, version)


def test_it_loads_warms_up_serves_and_drains(hosting: Hosting) -> None:
    hosting.start().reaches("ready")
    assert runs(hosting.replica.pid)
    assert ModelVersion.objects.get().memory_bytes == hosting.replica.memory_bytes > 10_000_000
    assert hosting.order("draining").ends().state == "stopped"


def test_killed_while_it_serves_it_has_failed(hosting: Hosting) -> None:
    hosting.start().reaches("ready")
    os.kill(hosting.replica.pid, signal.SIGKILL)
    assert hosting.ends().state == "failed"


def test_it_refuses_files_that_changed_and_the_version_is_taken_out_of_use(hosting: Hosting) -> None:
    changed = hosting.version.directory / "digit.txt"
    changed.chmod(0o644)
    changed.write_text("8")
    ended = hosting.start().ends()
    assert (ended.state, ended.code) == ("failed", "artifact_corrupt")
    version = ModelVersion.objects.get()
    assert version.state == "corrupt"
    assert "digit.txt" in version.state_reason


def test_a_model_that_breaks_in_its_warm_up_says_so(home: Path, tmp_path: Path, valkey: Redis) -> None:
    world = World.create()
    directory = write_artifact(tmp_path / "none", 7)
    (directory / "constant.py").write_text((directory / "constant.py").read_text().replace("np.zeros(10", "np.zeros(3"))
    contents = {str(p.relative_to(directory)): p.read_bytes() for p in directory.rglob("*") if p.is_file()}
    version, _ = publisher(world.ada, "constant").send_all(contents).register()
    ended = Hosting(world, version).start().ends()
    assert (ended.state, ended.code) == ("failed", "warmup_failed")
