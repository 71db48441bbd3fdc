"""Text in: one tokenizer, used the same way by every text task."""

from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer

from workers.serving.builtin.common import SAFE, Arrays, only_input
from workers.serving.hooks import Context


class TextInput:
    """Preprocessing for every text task that reads the whole text at once."""

    _longest: int | None = None  # tokens; None for as many as the tokenizer allows

    def _load_tokenizer(self, context: Context) -> None:
        self._device = context.device
        self._input = only_input(context, "text")["name"]
        self._tokenizer = AutoTokenizer.from_pretrained(context.directory, **SAFE)

    def preprocess(self, sample: dict[str, Any]) -> Arrays:
        """Token ids of one text, cut at what the model can take."""
        encoded = self._tokenizer(sample[self._input], truncation=True, max_length=self._longest)
        return {name: np.asarray(values, np.int64) for name, values in encoded.items()}

    def _pad(self, batch: list[Arrays]) -> dict[str, torch.Tensor]:
        """What the model takes of one batch, padded to its longest text, with a mask that hides the padding."""
        wanted = self._tokenizer.model_input_names
        plain = [{name: each[name].tolist() for name in wanted if name in each} for each in batch]
        padded = self._tokenizer.pad(plain, padding=True, return_attention_mask=True, return_tensors="pt")
        return {name: tensor.to(self._device) for name, tensor in padded.items()}
