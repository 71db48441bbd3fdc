"""all-MiniLM-L6-v2 with an untrained head that tells positive from negative: what a training job begins with.

The encoder is that of workers/models/minilm.py; the head's weights are drawn from a seed, so that the artifact is the
same each time. Before it is trained, it answers by chance, and says so.
"""

import shutil
import sys
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification

from workers.artifact_directory import write_manifest
from workers.models.command import run
from workers.models.manifest import manifest
from workers.models.minilm import LICENSE, SOURCE

LABELS = ("negative", "positive")
_TOKENIZER = ("special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt")

MANIFEST = manifest(
    name="sentiment",
    task="text-classification",
    license_name="Apache-2.0",
    description="all-MiniLM-L6-v2 with a head of two classes that is still to be trained: it answers by chance.",
    inputs=[{"name": "text", "modality": "text", "datatype": "BYTES", "shape": [-1]}],
    outputs=[
        {"name": "label", "datatype": "BYTES", "shape": [-1], "role": "label", "classes": list(LABELS)},
        {"name": "scores", "datatype": "FP32", "shape": [-1, len(LABELS)]},
    ],
    samples=[{"text": "I would watch it again."}, {"text": "The quick brown fox jumps over the lazy dog. " * 40}],
)


def build(directory: Path) -> None:
    """Write the artifact's files. Raises SourceUnusable or OSError."""
    folder = SOURCE.locate()
    torch.manual_seed(0)
    names = dict(enumerate(LABELS))
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, id2label=names, label2id={name: place for place, name in names.items()}, dtype=torch.float32
    )
    model.save_pretrained(directory)
    for name in _TOKENIZER:
        shutil.copyfile(folder / name, directory / name)
    shutil.copyfile(LICENSE, directory / "LICENSE")
    SOURCE.record(directory)
    write_manifest(directory, MANIFEST)


if __name__ == "__main__":
    sys.exit(run(build, __doc__))
