"""What a model answers to samples, for an evaluation."""

from typing import Any

import torch
from torch import nn

from workers.training.families import Examples, Family
from workers.training.place import Place

_BATCH = 256


@torch.inference_mode()
def answers(model: nn.Module, family: Family, examples: Examples, place: Place) -> list[str]:
    """The likeliest label of each sample, in order."""
    model.eval()
    found: list[str] = []
    for start in range(0, len(examples), _BATCH):
        given = examples.plain(slice(start, start + _BATCH))
        with place.forward():
            logits: Any = model(**{name: value.to(place.device) for name, value in given.items()}).logits
        found += [family.label(int(best)) for best in logits.argmax(dim=1).cpu()]
    return found
