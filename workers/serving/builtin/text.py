"""Text in: one tokenizer, used the same way by every text task."""

from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer

from workers.serving.builtin.common import SAFE, only_input
from workers.serving.hooks import Context


class TextInput:
    """Preprocessing for every text task."""

    def _load_tokenizer(self, context: Context) -> None:
        self._input = only_input(context, "text")["name"]
        self._tokenizer = AutoTokenizer.from_pretrained(context.directory, **SAFE)

    def preprocess(self, sample: dict[str, Any]) -> dict[str, np.ndarray]:
        """Token ids of one text, cut at what the model can take."""
        encoded = self._tokenizer(sample[self._input], truncation=True)
        return {name: np.asarray(values, np.int64) for name, values in encoded.items()}

    def _pad(self, batch: list[dict[str, np.ndarray]], device: str) -> dict[str, torch.Tensor]:
        """One batch, padded to its longest text."""
        plain = [{name: array.tolist() for name, array in each.items()} for each in batch]
        return {name: tensor.to(device) for name, tensor in self._tokenizer.pad(plain, return_tensors="pt").items()}
