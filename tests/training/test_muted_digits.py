"""Noise in the sound: what the model gets right from both senses, from the picture alone, and healed from both again.

The deployment's rows are the database's, the routing is published as the control plane does, a drift run's news mutes
and heals, and the answers are a real gateway's and replica's.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from apps.deployments.models import Deployment
from apps.deployments.selectors import mutings_open
from apps.drift.models import DriftPolicy
from apps.inference.models import RoutingSnapshot
from apps.inference.services import key_create, routing_keep
from apps.registry.rules.manifest import manifest_normalise
from tests.deployments.makers import Fleet, make_deployment, make_revision, make_version
from tests.drift.test_muting import HEALED, NOISY, run
from tests.serving import worlds
from tests.serving.planes import STEPS, Plane
from tests.serving.processes import list_files, until
from tests.training.hosted import inspected
from tests.world import World
from workers.serving import names
from workers.training.digits_av.held_out import HeldOutSample, held_out, to_wav

COUNT = 60
#: Of white noise: its deviation, as a share of the loudest that a file can hold.
NOISE = 0.3


@pytest.fixture
def deployment(world: World, artifact: Path) -> Deployment:
    """The trained model, live; drifted senses are to be left out."""
    deployment = make_deployment(world)
    version = make_version(world, manifest=manifest_normalise(inspected(artifact).manifest))
    Fleet().go_live(world, deployment, make_revision(world, deployment, version))
    deployment.refresh_from_db()
    DriftPolicy.objects.create(deployment=deployment, answer_without_drifted=True)
    return deployment


@pytest.fixture
def plane(world: World, deployment: Deployment, artifact: Path, tmp_path: Path) -> Iterator[Plane]:
    """A gateway that follows the control plane's routing, and the replica that it leads to."""
    assert deployment.live_revision is not None
    with Plane(os.environ["REDIS_URL"], tmp_path) as plane:
        manifest = deployment.live_revision.version.manifest
        place = {"directory": str(artifact), "files": list_files(artifact)}
        plane.serve(manifest=manifest, stream=names.stage_stream("digits", 1, "all"), steps=STEPS, **place)
        _, key = key_create(actor=world.ada, name="caller", scopes=["infer"])
        plane.http.headers["Authorization"] = f"Bearer {key}"
        publish(plane)
        yield plane


def publish(plane: Plane) -> None:
    """What the listeners of the events do; and wait for the gateway."""
    routing_keep()
    newest = RoutingSnapshot.objects.latest("number").number
    until(lambda: newest in plane.announced(), "the gateway to follow")


def noisy(sample: HeldOutSample, chance: np.random.Generator) -> HeldOutSample:
    heard = np.frombuffer(sample.wav[44:], "<i2").astype(np.float64)
    spoilt = heard + chance.normal(0, NOISE * 32767, len(heard))
    return sample._replace(wav=to_wav(np.clip(spoilt, -32768, 32767).astype(np.int16)))


def accuracy(
    plane: Plane, samples: list[HeldOutSample], senses: tuple[str, ...] = ("image", "sound")
) -> tuple[float, set[str]]:
    """The share of right answers to requests that bring these senses, and what the answers say was muted."""
    right, muted = 0, set()
    for sample in samples:
        inputs = [
            worlds.tensor(name, [worlds.base64_text(raw)], (1,), "BYTES")
            for name, raw in (("image", sample.png), ("sound", sample.wav))
            if name in senses
        ]
        response = plane.http.post("/v2/models/digits/infer", content=worlds.body(*inputs))
        assert response.status_code == 200, response.text
        outputs: list[dict[str, Any]] = orjson.loads(response.content)["outputs"]
        right += next(each["data"][0] for each in outputs if each["name"] == "digit") == sample.digit
        muted.add(response.headers.get("x-quartet-muted", ""))
    return right / len(samples), muted


def test_muting_the_noisy_sense_brings_the_pictures_accuracy_and_healing_both_senses_again(
    plane: Plane, deployment: Deployment, cache_directory: Path
) -> None:
    clean = list(held_out(COUNT, seed=12, cache_directory=cache_directory))
    chance = np.random.default_rng(12)
    spoilt = [noisy(each, chance) for each in clean]
    before, _ = accuracy(plane, clean)
    with_noise, said = accuracy(plane, spoilt)
    picture_alone, _ = accuracy(plane, spoilt, ("image",))
    assert said == {""}
    run(deployment, NOISY)
    publish(plane)
    without_sound, said = accuracy(plane, spoilt)
    assert said == {"sound"}
    run(deployment, HEALED)
    publish(plane)
    healed, said = accuracy(plane, clean)
    assert (said, mutings_open().count()) == ({""}, 0)
    told = {"both": before, "noisy": with_noise, "muted": without_sound, "healed": healed}
    assert healed == before > 0.9, told
    assert without_sound == picture_alone > 0.85, told
    assert with_noise < without_sound - 0.2, told
