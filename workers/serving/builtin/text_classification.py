"""`builtin:text-classification`: a transformers sequence classifier."""

import torch
from transformers import AutoConfig, AutoModelForSequenceClassification

from workers.serving.builtin.common import SAFE, Arrays, Classifier, load_model, predicts, rows
from workers.serving.builtin.text import TextInput
from workers.serving.hooks import Context


class TextClassification(Classifier, TextInput):
    """Text -> label and scores."""

    def load(self, context: Context) -> None:
        """Tokenizer and labels always, the model only where it predicts."""
        self._load_tokenizer(context)
        self._labels = AutoConfig.from_pretrained(context.directory, **SAFE).id2label
        if predicts(context):
            self._model = load_model(AutoModelForSequenceClassification, context)

    @torch.inference_mode()
    def predict(self, batch: list[Arrays]) -> list[Arrays]:
        """Logits, float32 [labels]."""
        return rows(self._model(**self._pad(batch)).logits, "logits")
