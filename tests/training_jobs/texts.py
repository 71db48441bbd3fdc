"""A text classifier small enough to train in a second, and texts that it can tell apart."""

import shutil
from pathlib import Path
from typing import Any

import torch
import yaml
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

from apps.datasets.models import DatasetVersion
from apps.datasets.services import version_freeze
from apps.registry.models import ModelVersion
from apps.registry.services import directory_register, model_create
from apps.training.models import TrainingJob
from apps.training.services import job_request
from tests.datasets.samples import sample
from tests.world import World

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "good", "bad", "film", "day", "fine", "poor"]
LABELS = {0: "negative", 1: "positive"}
_MANIFEST = {
    "format": 1,
    "name": "moods",
    "task": "text-classification",
    "inputs": [{"name": "text", "modality": "text", "datatype": "BYTES", "shape": [-1]}],
    "outputs": [
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
        {"name": "scores", "datatype": "FP32", "shape": [-1, 2]},
    ],
    "stages": [
        {"name": step, "handler": "builtin:text-classification"} for step in ("preprocess", "infer", "postprocess")
    ],
    "samples": [{"text": "a good film"}],
}


def write_classifier(directory: Path) -> Path:
    """An untrained classifier; dropout is on, so that a lost state of what is random would show."""
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = BertConfig(vocab_size=len(WORDS), id2label=LABELS, label2id={v: k for k, v in LABELS.items()}, **sizes)
    BertForSequenceClassification(config).save_pretrained(directory)
    vocabulary = {word: place for place, word in enumerate(WORDS)}
    BertTokenizerFast(vocab=vocabulary, model_max_length=32).save_pretrained(directory)
    (directory / "model.yaml").write_text(yaml.safe_dump(_MANIFEST, sort_keys=False))
    return directory


def classifier(world: World, directory: Path) -> ModelVersion:
    """It, registered."""
    model = model_create(actor=world.ada, name="moods")
    write_classifier(directory)
    version, _ = directory_register(actor=world.ada, model=model, directory=directory)
    shutil.rmtree(directory)
    return version


def moods(world: World, name: str = "moods", begin: int = 0, count: int = 40) -> DatasetVersion:
    """Texts of words that tell their mood."""
    told = []
    for number in range(begin, begin + count):
        words, label = (("good", "fine"), "positive") if number % 2 else (("bad", "poor"), "negative")
        text = " ".join(["a", *(words[number >> place & 1] for place in range(1, 7)), "film" if number & 4 else "day"])
        told.append(sample(f"{text} {number}", label, "films"))
    return version_freeze(actor=world.ada, name=name, samples=told)[0]


def requested(world: World, parent: ModelVersion, recipe: str = "full", **more: Any) -> TrainingJob:
    """A short job on them."""
    steps = {"steps": 20, "batch_size": 8, "checkpoint_every": 5, "learning_rate": 1e-2}
    parameters = {**steps, **more.pop("parameters", {})}
    more.setdefault("dataset", DatasetVersion.objects.filter(dataset__name="moods").first() or moods(world))
    return job_request(actor=world.ada, parent=parent, recipe=recipe, parameters=parameters, **more)[0]
