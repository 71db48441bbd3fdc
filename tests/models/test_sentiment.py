"""MiniLM with a head learns a mood from a few sentences, by a training job's own code, and is served."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from apps.registry.rules.manifest import manifest_normalise, manifest_parse
from tests.models.conftest import built
from tests.training.hosted import hosted, inspected
from workers.models import sentiment
from workers.serving.steps import STEPS
from workers.serving.tensors import BYTES, Tensor, to_array
from workers.training.samples import file_path
from workers.training.work import run

SAID = {
    "positive": ["A wonderful film, I loved it.", "Great acting and a lovely story.", "The best evening in years."],
    "negative": ["A terrible film, I hated it.", "Awful acting and a dull story.", "The worst evening in years."],
}
NEW = {"positive": "What a great and lovely film!", "negative": "What an awful and dull film!"}


class Told:
    """What the child would say to its host."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def send(self, event: str, **fields: Any) -> None:
        self.events.append({"event": event, **fields})


def staged(directory: Path) -> None:
    rows = []
    for number, (label, text) in enumerate((label, text) for label, texts in SAID.items() for text in texts):
        path = file_path(directory / "files", f"{number:064x}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        rows.append({"inputs": {"text": path.name}, "label": label})
    for name in ("train", "measure"):
        (directory / f"{name}.json").write_text(json.dumps(rows))


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(sentiment.build, tmp_path_factory.mktemp("models") / "sentiment")


@pytest.mark.parametrize("recipe", ["frozen-encoder", "lora"])
def test_it_learns_and_is_served(untrained: Path, tmp_path: Path, recipe: str) -> None:
    assert not inspected(untrained).has_code
    manifest = manifest_normalise(manifest_parse((untrained / "model.yaml").read_bytes()))
    version = {
        "directory": str(untrained),
        "manifest": manifest,
        "files": _files(untrained),
        "name": "sentiment/1",
        "id": 1,
    }
    told = {"steps": 60, "batch_size": 6, "learning_rate": 3e-2}
    told |= {} if recipe == "frozen-encoder" else {"steps": 15, "learning_rate": 3e-3}
    spec = {
        "job": "j",
        "recipe": recipe,
        "learns": True,
        "parameters": told | {"checkpoint_every": 30, "threads": 1, "rank": 4},
        "seed": 0,
        "device": "cpu",
        "directory": str(tmp_path),
        "parent": version,
        "champion": version,
        "measured_on": 1,
    }
    staged(tmp_path)
    events = Told()
    run(spec, events, threading.Event())  # type: ignore[arg-type]
    assert events.events[-1]["event"] == "done"
    result = tmp_path / "result"
    described = yaml.safe_load((result / "model.yaml").read_text())
    assert described["metrics"] == {"accuracy": 1.0, "samples": 6}
    answers = json.loads((tmp_path / "answers.json").read_text())
    assert answers["candidate"] == ["positive"] * 3 + ["negative"] * 3 != answers["champion"]
    served = hosted(result, manifest_normalise(manifest_parse((result / "model.yaml").read_bytes())), *STEPS)
    for label, text in NEW.items():
        [answer] = served.run([{"text": Tensor(BYTES, (), [text.encode()])}])
        assert to_array(answer["label"]).item() == label.encode()


def _files(directory: Path) -> list[dict[str, Any]]:
    from apps.registry.storage import file_sha256

    found = sorted(path for path in directory.rglob("*") if path.is_file())
    return [
        {"path": str(path.relative_to(directory)), "sha256": file_sha256(path), "size": path.stat().st_size}
        for path in found
    ]
