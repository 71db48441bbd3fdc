"""Digits seen and heard learn on from samples of pictures and sounds, by a training job's own code, and are served."""

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from apps.drift.rules.profile import ReferenceProfile, build
from apps.registry.rules.manifest import manifest_normalise, manifest_parse
from apps.registry.storage import file_sha256
from tests.training.hosted import digits, hosted, inspected
from workers.file_signals import described
from workers.serving.steps import STEPS
from workers.serving.tensors import BYTES, Tensor
from workers.training.digits_av.artifact.digits_av import load_model
from workers.training.digits_av.held_out import HeldOutSample, held_out
from workers.training.families.digits import Digits
from workers.training.package import package
from workers.training.place import place
from workers.training.profile import LEAST, chosen, profile
from workers.training.recipes import RECIPES
from workers.training.samples import Samples, SamplesUnfit, file_path
from workers.training.work import run


class Told:
    """What the child would say to its host, which may tell it to stop once a checkpoint of some step is kept."""

    def __init__(self, stop_at: int | None = None) -> None:
        self.events: list[dict[str, Any]] = []
        self.stop = threading.Event()
        self._stop_at = stop_at

    def send(self, event: str, **fields: Any) -> None:
        self.events.append({"event": event, **fields})
        if self._stop_at is not None and fields.get("kept_step") == self._stop_at:
            self.stop.set()


@pytest.fixture(scope="module")
def met(cache_directory: Path) -> list[HeldOutSample]:
    return list(held_out(60, seed=5, cache_directory=cache_directory))


def staged(directory: Path, met: list[HeldOutSample]) -> Path:
    """The directory of a job: some samples lack their picture, some their sound."""
    rows = []
    for number, sample in enumerate(met):
        inputs = {}
        for at, (name, content) in enumerate((("image", sample.png), ("sound", sample.wav))):
            if number % 3 == 1 + at:
                continue
            path = file_path(directory / "files", f"{2 * number + at:064x}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            inputs[name] = path.name
        rows.append({"inputs": inputs, "label": str(sample.digit)})
    for name in ("train", "measure"):
        (directory / f"{name}.json").write_text(json.dumps(rows))
    return directory


def manifest_of(directory: Path) -> dict[str, Any]:
    return manifest_normalise(manifest_parse((directory / "model.yaml").read_bytes()))


def version(directory: Path) -> dict[str, Any]:
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    files = [
        {"path": str(path.relative_to(directory)), "sha256": file_sha256(path), "size": path.stat().st_size}
        for path in paths
    ]
    return {
        "directory": str(directory),
        "manifest": manifest_of(directory),
        "files": files,
        "name": "digits/1",
        "id": 1,
    }


@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_it_learns_on_and_is_served(artifact: Path, met: list[HeldOutSample], tmp_path: Path, recipe: str) -> None:
    parent = version(artifact)
    parameters = {"steps": 4, "batch_size": 16, "learning_rate": None, "checkpoint_every": 4, "threads": 1, "rank": 4}
    spec = {"job": "j", "recipe": recipe, "parameters": parameters, "seed": 0, "device": "cpu", "measured_on": 1}
    spec |= {"learns": True, "directory": str(staged(tmp_path, met)), "parent": parent, "champion": parent}
    events = Told()
    run(spec, events, threading.Event())  # type: ignore[arg-type]
    assert events.events[-1]["event"] == "done"
    result = tmp_path / "result"
    before, after = load_model(artifact).state_dict(), load_model(result).state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved and (recipe == "full") == any("embeddings" in name for name in moved)
    answers = json.loads((tmp_path / "answers.json").read_text())
    right = sum(given == str(sample.digit) for given, sample in zip(answers["candidate"], met, strict=True))
    described = yaml.safe_load((result / "model.yaml").read_text())
    assert described["metrics"] == {"accuracy": round(right / 60, 4), "samples": 60}
    assert inspected(result).has_code
    served = hosted(result, manifest_of(result), *STEPS)
    asked = [{"image": Tensor(BYTES, (), [s.png]), "sound": Tensor(BYTES, (), [s.wav])} for s in met[::3]]
    # What is measured in training is what is served: the same answers to the same files.
    assert [str(each) for each in digits(served.run(asked))] == answers["candidate"][::3]


@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_stopped_at_a_checkpoint_and_resumed_it_makes_the_very_files_of_an_uninterrupted_job(
    artifact: Path, met: list[HeldOutSample], tmp_path: Path, recipe: str
) -> None:
    parent = version(artifact)
    parameters = {"steps": 5, "batch_size": 8, "learning_rate": None, "checkpoint_every": 2, "threads": 1, "rank": 2}
    spec = {"job": "j", "recipe": recipe, "parameters": parameters, "seed": 3, "device": "cpu", "learns": True}
    spec |= {"parent": parent, "champion": parent, "measured_on": None}

    def attempt(directory: Path, stop_at: int | None = None) -> list[dict[str, Any]]:
        told = Told(stop_at)
        run(spec | {"directory": str(directory)}, told, told.stop)  # type: ignore[arg-type]
        return told.events

    whole, parts = (staged(tmp_path / name, met[:20]) for name in ("whole", "parts"))
    assert attempt(whole)[-1]["event"] == "done"
    assert attempt(parts, stop_at=2)[-1] == {"event": "stopped"} and not (parts / "result").exists()
    events = attempt(parts)
    assert events[-1]["event"] == "done" and {"began_step": 2}.items() <= events[-2].items()
    weights, resumed = load_model(whole / "result").state_dict(), load_model(parts / "result").state_dict()
    assert weights.keys() == resumed.keys() and all(torch.equal(weights[name], resumed[name]) for name in weights)
    assert [(each["path"], each["sha256"]) for each in version(parts / "result")["files"]] == [
        (each["path"], each["sha256"]) for each in version(whole / "result")["files"]
    ]


def retrained(artifact: Path, met: list[HeldOutSample], directory: Path, **manifest: Any) -> Path:
    """The result of a short job whose parent brings a profile of another world."""
    shutil.copytree(artifact, directory / "parent")
    (directory / "parent" / "reference.json").write_text(build([{"image.brightness": 9.0}] * 50, {}).to_json())
    parent = version(directory / "parent")
    parent["manifest"] |= manifest
    parameters = {"steps": 2, "batch_size": 8, "learning_rate": None, "checkpoint_every": 2, "threads": 1}
    spec = {"job": "j", "recipe": "frozen-encoder", "parameters": parameters, "seed": 0, "device": "cpu"}
    spec |= {
        "learns": True,
        "directory": str(staged(directory, met)),
        "parent": parent,
        "champion": parent,
        "measured_on": 1,
    }
    run(spec, Told(), threading.Event())  # type: ignore[arg-type]
    return directory / "result"


def test_its_reference_profile_is_of_what_it_was_measured_on_and_learned_from_and_not_its_parents(
    artifact: Path, met: list[HeldOutSample], tmp_path: Path
) -> None:
    made = ReferenceProfile.from_json((retrained(artifact, met, tmp_path) / "reference.json").read_bytes())
    assert made.modalities == {"image": "image", "sound": "audio"}
    expected = {"image.brightness", "sound.loudness", "prediction", "confidence", "agreement", "image.agreement"}
    assert expected <= made.signals.keys()
    row = described("image", Tensor(BYTES, (), [met[0].png]))[2]["signals"]["brightness"]
    assert row in made.signals["image.brightness"].values  # type: ignore[attr-defined]
    assert 9.0 not in made.signals["image.brightness"].values  # type: ignore[attr-defined]


def test_the_same_job_from_the_beginning_makes_the_same_profile(
    artifact: Path, met: list[HeldOutSample], tmp_path: Path
) -> None:
    once, again = (retrained(artifact, met, tmp_path / name) / "reference.json" for name in ("once", "again"))
    assert once.read_bytes() == again.read_bytes()


def test_without_signals_it_has_no_profile_rather_than_its_parents(
    artifact: Path, met: list[HeldOutSample], tmp_path: Path
) -> None:
    family = Digits(artifact, manifest_of(artifact))
    parent = shutil.copytree(artifact, tmp_path / "parent")
    (parent / "reference.json").write_text("{}")
    assert profile(family.load(), family, staged(tmp_path, met), {"numbers": "tensor"}, place("cpu")) is None
    package(tmp_path / "made", parent, family, family.load(), {}, None)
    assert (tmp_path / "made" / "model.yaml").is_file() and not (tmp_path / "made" / "reference.json").exists()


def test_where_enough_was_met_the_profile_tells_of_that_alone(tmp_path: Path) -> None:
    old = [{"inputs": {"image": f"{number:064x}"}, "label": "1", "slices": ["old"]} for number in range(LEAST)]
    new = [{**row, "inputs": {"image": f"f{number:063x}"}, "slices": ["met:digits"]} for number, row in enumerate(old)]
    (tmp_path / "train.json").write_text(json.dumps(new[100:] + old))
    (tmp_path / "measure.json").write_text(json.dumps(new[:100] + old))
    assert {row.slices for row in chosen(tmp_path).rows} == {("met:digits",)}
    (tmp_path / "train.json").write_text(json.dumps(old))
    assert len(chosen(tmp_path).rows) == LEAST + 100


def test_a_label_that_is_no_digit_and_a_file_that_is_no_picture_are_told(artifact: Path, tmp_path: Path) -> None:
    family = Digits(artifact, manifest_of(artifact))
    path = file_path(tmp_path / "files", "a" * 64)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no picture")
    for inputs, label, told in (
        ({}, "ten", "'ten' is none of the model's"),
        ({"image": "a" * 64}, "7", f"The file {'a' * 64} cannot be learned from"),
    ):
        (tmp_path / "train.json").write_text(json.dumps([{"inputs": inputs, "label": label}]))
        with pytest.raises(SamplesUnfit, match=told):
            family.examples(Samples.load(tmp_path, "train"))
