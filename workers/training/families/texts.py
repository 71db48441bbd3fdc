"""Sequence classifiers of transformers: a text gets one of the model's labels."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from workers.serving.builtin.common import SAFE
from workers.training.families import Arguments
from workers.training.samples import Samples, SamplesUnfit

#: Tokens of a text that are learned from: attention costs the square of them.
LONGEST = 128


class Texts:
    """See Family."""

    learning_rate = 5e-5
    encoders = ("base_model",)
    attention = ("query", "value", "q_proj", "v_proj", "q_lin", "v_lin")
    written = ("config.json", "model.safetensors")

    def __init__(self, directory: Path, manifest: dict[str, Any]) -> None:
        self._directory = directory
        self._input = next(each["name"] for each in manifest["inputs"] if each["modality"] == "text")
        self._tokenizer = AutoTokenizer.from_pretrained(directory, **SAFE)
        self._labels: dict[int, str] = {}

    def load(self) -> nn.Module:
        model: nn.Module = AutoModelForSequenceClassification.from_pretrained(
            self._directory, dtype=torch.float32, use_safetensors=True, **SAFE
        )
        self._labels = dict(model.config.id2label)  # type: ignore[arg-type,union-attr]
        return model

    def examples(self, samples: Samples) -> "TextExamples":
        texts = {sha256: samples.read(sha256).decode(errors="replace") for sha256 in samples.of(self._input)}
        places = {label: place for place, label in self._labels.items()}
        encoded, labels = [], []
        for row in samples.rows:
            if self._input not in row.inputs:
                raise SamplesUnfit(f"A sample has no '{self._input}'.")
            if row.label not in places:
                known = ", ".join(map(str, places))
                raise SamplesUnfit(f"The label '{row.label[:40]}' is none of the model's: it knows {known[:400]}.")
            encoded.append(self._tokenizer(texts[row.inputs[self._input]], truncation=True, max_length=LONGEST))
            labels.append(places[row.label])
        return TextExamples(self._tokenizer, encoded, torch.tensor(labels))

    def label(self, place: int) -> str:
        return str(self._labels[place])

    def save(self, model: nn.Module, directory: Path) -> None:
        model.save_pretrained(directory)  # type: ignore[operator]


class TextExamples:
    """See Examples."""

    def __init__(self, tokenizer: Any, encoded: list[Any], labels: torch.Tensor) -> None:
        self._tokenizer = tokenizer
        self._encoded = encoded
        self._labels = labels

    def __len__(self) -> int:
        return len(self._encoded)

    def batch(self, chosen: Sequence[int], random: torch.Generator) -> Arguments:
        return self._padded(chosen) | {"labels": self._labels[torch.as_tensor(chosen)]}

    def plain(self, rows: slice) -> Arguments:
        return self._padded(range(len(self))[rows])

    def _padded(self, chosen: Sequence[int]) -> Arguments:
        rows = [{name: self._encoded[place][name] for name in self._encoded[place]} for place in chosen]
        return dict(self._tokenizer.pad(rows, padding=True, return_attention_mask=True, return_tensors="pt"))
