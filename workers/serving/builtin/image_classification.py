"""`builtin:image-classification`: a transformers image classifier."""

import torch
from transformers import AutoConfig, AutoModelForImageClassification

from workers.serving.builtin.common import SAFE, Arrays, Classifier, load_model, predicts, rows
from workers.serving.builtin.image import ImageInput
from workers.serving.hooks import Context


class ImageClassification(Classifier, ImageInput):
    """Picture -> label and scores."""

    def load(self, context: Context) -> None:
        """The image processor and labels always, the model only where it predicts."""
        self._load_processor(context)
        self._labels = AutoConfig.from_pretrained(context.directory, **SAFE).id2label
        if predicts(context):
            self._model = load_model(AutoModelForImageClassification, context)

    def _see(self, pixels: torch.Tensor) -> list[Arrays]:
        return rows(self._model(pixel_values=pixels).logits, "logits")
