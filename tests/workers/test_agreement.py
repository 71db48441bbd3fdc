"""How far the modalities of real traffic agree: asked of the live revision's own replicas, over kept inputs."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from PIL import Image

from apps.deployments.models import Deployment, Replica
from apps.drift.extra import EXTRA_SIGNALS
from apps.drift.models import ReferenceProfile
from apps.drift.rules.profile import build
from apps.drift.services import reference_put, run_request
from apps.inference.rules.ids import moment
from apps.inference.services import Kept, kept_add, routing_keep
from tests.deployments.makers import Fleet
from tests.deployments.senses import IMAGE, SOUND, go_live_sensing
from tests.drift.finished import bare_profile
from tests.drift.recorded import Watched
from tests.serving import worlds
from tests.serving.planes import STEPS, Plane
from tests.serving.processes import write_artifact
from tests.world import World
from workers import agreement, describe
from workers.agreement import Place, agreement_signals
from workers.serving import names, record
from workers.serving.tensors import Tensor

pytestmark = pytest.mark.usefixtures("home")

#: What it sees and what it hears are one of two classes each; its scores are the mean over what it was given.
HANDLER = """
import numpy as np

class Senses:
    def load(self, context): pass

    def preprocess(self, sample):
        if "image" in sample and sample["image"].max() == 13:
            raise ValueError("unlucky")
        told = {}
        if "image" in sample:
            told["image"] = np.eye(2, dtype=np.float32)[int(sample["image"].mean() > 100)]
        if "sound" in sample:
            told["sound"] = np.eye(2, dtype=np.float32)[int(abs(sample["sound"]).max() > 0.1)]
        return told

    def predict(self, batch): return [{"scores": np.mean(list(each.values()), axis=0)} for each in batch]

    def postprocess(self, prediction): return prediction
"""
PICTURES = IMAGE | {"media_types": ["image/png"], "max_pixels": 10_000}
SOUNDS = SOUND | {"media_types": ["audio/wav"], "sample_rate": 8000, "max_seconds": 2}
CHANGES: dict[str, Any] = {
    "inputs": [PICTURES, SOUNDS],
    "outputs": [{"name": "scores", "datatype": "FP32", "shape": [-1, 2]}],
    "stages": [{"name": step, "handler": "senses:Senses", "device": "cpu"} for step in STEPS],
    "samples": [],
}
DARK, BRIGHT, UNLUCKY, LOUD = 10, 200, 13, worlds.wav()
RATE = 0.5


@pytest.fixture
def deployment(world: World) -> Deployment:
    """Live, keeping every other input, with a profile that knows how far its inputs agree."""
    deployment = go_live_sensing(world, Fleet(), spec={"record": {"rate": RATE}}, **CHANGES)
    assert deployment.live_revision is not None
    bare_profile(deployment.live_revision.version)
    ReferenceProfile.objects.update(signals=["agreement", "image.agreement", "sound.agreement"])
    routing_keep()
    return deployment


@pytest.fixture
def plane(redis_url: str, tmp_path: Path, deployment: Deployment) -> Iterator[Plane]:
    """With the one replica that the routing leads to."""
    with Plane(redis_url, tmp_path) as plane:
        files = write_artifact(tmp_path / "senses", {"senses.py": HANDLER})
        place = {"directory": str(tmp_path / "senses"), "files": files}
        plane.serve(manifest=deployment.live_revision.version.manifest, stream=_stream(), **place)  # type: ignore[union-attr]
        yield plane


@pytest.fixture(scope="session")
def redis_url() -> str:
    return os.environ["REDIS_URL"]


def _stream() -> str:
    return names.stage_stream("digits", 1, "all")


def keep(shade: int | None, sound: bytes | None = LOUD, fair: bool = True) -> UUID:
    """A prediction of which these inputs are kept, as the rate would or for another reason."""
    identifier = UUID(bytes=record.new_id())
    while (int.from_bytes(identifier.bytes[12:], "big") < RATE * 2**32) is not fair:
        identifier = UUID(bytes=record.new_id())
    at = moment(identifier)
    assert at is not None
    files = {"sound": sound} if sound else {}
    if shade is not None:
        files["image"] = worlds.picture(Image.new("L", (8, 8), shade), "PNG")
    kept_add(
        kept=[
            Kept(identifier, at, "digits", "", name, 0, describe.content(modality, Tensor("BYTES", (), [files[name]])))
            for name, modality in (("image", "image"), ("sound", "audio"))
            if name in files
        ]
    )
    return identifier


def told(*predictions: UUID, revision: int = 1, seconds: float = 60) -> dict[Place, dict[str, float]]:
    """With time enough on a busy machine."""
    return agreement_signals("digits", revision, predictions, seconds)


def test_the_model_is_asked_with_each_input_hidden(plane: Plane) -> None:
    alike, apart = keep(BRIGHT), keep(DARK)
    found = told(alike, apart)
    assert found[alike, 0] == pytest.approx({"agreement": 0, "image.agreement": 0, "sound.agreement": 0}, abs=1e-6)
    halfway = 0.5579  # from (1/2, 1/2) to (1, 0)
    expected = {"agreement": 1, "image.agreement": halfway, "sound.agreement": halfway}
    assert found[apart, 0] == pytest.approx(expected, abs=1e-4)


def test_nothing_of_it_is_recorded_kept_or_counted(plane: Plane) -> None:
    assert told(keep(BRIGHT)) != {}
    assert not any(plane.valkey.exists(key) for key in (names.PREDICTIONS, names.KEPT))
    assert "quartet_requests_total{" not in plane.http.get("/metrics").text


def test_predictions_that_lack_an_input_are_not_asked_about(plane: Plane) -> None:
    whole, deaf = keep(BRIGHT), keep(BRIGHT, sound=None)
    assert told(whole, deaf).keys() == {(whole, 0)}


def test_one_that_the_model_refuses_is_left_out_and_the_others_told(plane: Plane) -> None:
    refused, fine = keep(UNLUCKY), keep(BRIGHT)
    assert told(refused, fine).keys() == {(fine, 0)}


def test_those_that_were_kept_for_being_odd_are_not_asked_about(plane: Plane) -> None:
    fair, odd = keep(BRIGHT), keep(BRIGHT, fair=False)
    assert told(fair, odd).keys() == {(fair, 0)}


def test_not_more_are_asked_about_than_may_be(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [keep(BRIGHT) for _ in range(8)]
    monkeypatch.setattr(agreement, "SAMPLES_MOST", 3)
    lowest = sorted(kept, key=lambda each: each.bytes[12:])[:3]
    assert told(*kept).keys() == {(each, 0) for each in lowest}


def test_with_nobody_to_ask_nothing_is_told_and_nobody_waits_long(deployment: Deployment) -> None:
    assert told(keep(BRIGHT), seconds=0.1) == {}


def test_while_no_replica_is_ready_nobody_is_woken(plane: Plane, deployment: Deployment) -> None:
    Replica.objects.update(state="draining")
    routing_keep()
    assert told(keep(BRIGHT)) == {}


def test_of_a_revision_that_is_not_live_nothing_is_told(plane: Plane) -> None:
    assert told(keep(BRIGHT), revision=2) == {}


def test_where_the_profile_does_not_know_of_it_nobody_is_asked(plane: Plane) -> None:
    ReferenceProfile.objects.update(signals=["sound.loudness"])
    assert told(keep(BRIGHT)) == {}


def test_while_valkey_is_away_nothing_is_told(deployment: Deployment, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert told(keep(BRIGHT)) == {}


def test_a_run_goes_on_and_says_that_it_does_not_know_how_far_they_agree(world: World) -> None:
    import workers.tasks.drift as drift  # which has runs ask

    assert EXTRA_SIGNALS.count(drift._agreement) == 1
    watched = Watched(world)
    profile = orjson.loads(watched.profile_text())
    agreed = orjson.loads(build([{"agreement": each / 500} for each in range(500)], {}).to_json())
    profile["signals"] |= agreed["signals"]
    reference_put(actor=world.ada, version=watched.version, raw=orjson.dumps(profile))
    watched.record(400)
    run_request(actor=world.ada, deployment=watched.deployment)
    run = watched.run()
    states = dict(run.groups.values_list("name", "state"))
    assert (run.state, states["agreement"], states["image"]) == ("done", "not_enough_data", "steady")
