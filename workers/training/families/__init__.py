"""The models that can be trained here: a family knows how one is read, what it is given, and how it is written.

A family is found by the parent's task. Files that it does not write are taken from the parent as they are, its code and
tokenizer among them.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from workers.training.samples import Samples, SamplesUnfit

__all__ = ["TASKS", "Family", "FamilyMissing", "SamplesUnfit", "family_for"]

#: Task -> module and class.
TASKS = {
    "digit-classification": ("workers.training.families.digits", "Digits"),
    "text-classification": ("workers.training.families.texts", "Texts"),
}

Arguments = dict[str, torch.Tensor]


class FamilyMissing(ValueError):
    """No family trains models of this task."""


class Examples(Protocol):
    """Samples as the model takes them, decoded once."""

    def __len__(self) -> int: ...

    def batch(self, chosen: Sequence[int], random: torch.Generator) -> Arguments:
        """The model's arguments with labels, for learning: `random` draws whatever is left out or moved."""

    def plain(self, rows: slice) -> Arguments:
        """The model's arguments for some rows as they are, without labels."""


class Family(Protocol):
    """One kind of model."""

    #: What suits full fine-tuning.
    learning_rate: float
    #: Parts of the model that `frozen-encoder` leaves as they are, and linear layers that `lora` updates, by the end of
    #: their names.
    encoders: tuple[str, ...]
    attention: tuple[str, ...]
    #: Files of the parent that `save` writes anew.
    written: tuple[str, ...]

    def __init__(self, directory: Path, manifest: dict[str, Any]) -> None: ...

    def load(self) -> nn.Module:
        """The model in `directory`."""

    def examples(self, samples: Samples) -> Examples:
        """Decode the samples. Raises SamplesUnfit for one that the model cannot take."""

    def label(self, place: int) -> str:
        """The label of one of the model's outputs."""

    def save(self, model: nn.Module, directory: Path) -> None:
        """Write the model's own files: the same bytes for the same weights."""


def family_for(manifest: dict[str, Any]) -> Callable[[Path, dict[str, Any]], Family]:
    """The family of a manifest's task. Raises FamilyMissing."""
    task = manifest["task"]
    if task not in TASKS:
        raise FamilyMissing(
            f"Models of the task '{task}' are neither trained nor measured here; {' and '.join(sorted(TASKS))} are."
        )
    module, name = TASKS[task]
    return getattr(import_module(module), name)  # type: ignore[no-any-return]
