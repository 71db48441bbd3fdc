"""`builtin:feature-extraction`: a transformers encoder's sentence embedding. Output: `embedding` FP32 [-1, hidden]."""

import numpy as np
import torch
from transformers import AutoModel

from workers.serving.builtin.common import Arrays, load_model, predicts, rows
from workers.serving.builtin.pooling import longest_of, pooling_of
from workers.serving.builtin.text import TextInput
from workers.serving.hooks import Context


class FeatureExtraction(TextInput):
    """Text -> one vector, pooled as the directory says (`pooling.py`)."""

    def load(self, context: Context) -> None:
        """The tokenizer always, the model only where it predicts. Raises ValueError."""
        self._load_tokenizer(context)
        self._longest = longest_of(context.directory)
        if predicts(context):
            self._pooling = pooling_of(context.directory)
            self._model = load_model(AutoModel, context, spare=["pooler"])

    @torch.inference_mode()
    def predict(self, batch: list[Arrays]) -> list[Arrays]:
        """Embeddings, float32 [hidden]; padding does not count."""
        inputs = self._pad(batch)
        hidden = self._model(**inputs).last_hidden_state
        return rows(self._pooling(hidden, inputs["attention_mask"]), "embedding")

    def postprocess(self, prediction: Arrays) -> dict[str, np.ndarray]:
        """As it is."""
        return prediction
