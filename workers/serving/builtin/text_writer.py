"""What the tasks have in common that write a text to a text.

An input `max_new_tokens` (modality tensor, INT64, shape [-1], not required), where the manifest declares it, asks for
fewer tokens than the artifact's generation_config.json allows.
"""

from typing import Any

import numpy as np
import torch
from transformers import AutoConfig

from workers.serving.builtin.common import SAFE, Arrays
from workers.serving.builtin.generation import Writer, limit_of
from workers.serving.builtin.text import TextInput
from workers.serving.hooks import Context

_ASKED = "max_new_tokens"


class TextWriter(Writer, TextInput):
    """Text -> text."""

    def _load_reader(self, context: Context) -> None:
        self._load_tokenizer(context)
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token  # any: the mask hides it
        self._limit = limit_of(context.directory)
        config = AutoConfig.from_pretrained(context.directory, **SAFE).get_text_config()
        self._window: int | None = getattr(config, "max_position_embeddings", None)  # tokens that the model can hold

    def _with_limit(self, encoded: Arrays, sample: dict[str, Any], most: int) -> Arrays:
        """The features with `limit`, new tokens at most. Raises ValueError for a wish that cannot be granted."""
        wish = int(sample.get(_ASKED, most))
        if not 1 <= wish <= self._limit:
            raise ValueError(f"{_ASKED} is {wish}; this model writes from 1 to {self._limit} tokens")
        return encoded | {"limit": np.array(min(wish, most), np.int64)}

    def _inputs(self, batch: list[Arrays]) -> dict[str, torch.Tensor]:
        padded = self._pad(batch)
        return {name: padded[name] for name in ("input_ids", "attention_mask")}

    def _limits(self, batch: list[Arrays]) -> list[int]:
        return [int(each["limit"]) for each in batch]
