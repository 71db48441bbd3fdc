"""`builtin:text-classification`: a transformers sequence classifier."""

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

from workers.serving.builtin.common import SAFE, Classifier, load_model
from workers.serving.builtin.text import TextInput
from workers.serving.hooks import Context


class TextClassification(Classifier, TextInput):
    """Text -> label and scores."""

    def load(self, context: Context) -> None:
        """Tokenizer and labels always, the model only where it predicts."""
        self._device = context.device
        self._load_tokenizer(context)
        self._labels = AutoConfig.from_pretrained(context.directory, **SAFE).id2label
        if "infer" in context.stages:
            self._model = load_model(AutoModelForSequenceClassification, context)

    @torch.inference_mode()
    def predict(self, batch: list[dict[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
        """Logits, float32 [labels]."""
        logits = self._model(**self._pad(batch, self._device)).logits.float().cpu().numpy()
        return [{"logits": row} for row in logits]
