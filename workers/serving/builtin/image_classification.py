"""`builtin:image-classification`: a transformers image classifier."""

from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoImageProcessor, AutoModelForImageClassification

from workers.serving.builtin.common import SAFE, Classifier, load_model, only_input, stack
from workers.serving.hooks import Context


class ImageClassification(Classifier):
    """Picture -> label and scores."""

    def load(self, context: Context) -> None:
        """The image processor and labels always, the model only where it predicts."""
        self._device = context.device
        self._input = only_input(context, "image")["name"]
        # The PIL backend: the default one needs torchvision, which has no wheel beside this torch.
        self._processor = AutoImageProcessor.from_pretrained(context.directory, backend="pil", **SAFE)
        self._labels = AutoConfig.from_pretrained(context.directory, **SAFE).id2label
        if "infer" in context.stages:
            self._model = load_model(AutoModelForImageClassification, context)

    def preprocess(self, sample: dict[str, Any]) -> dict[str, np.ndarray]:
        """pixel_values as the model's own processor makes them; a grey picture counts as RGB."""
        picture = sample[self._input]
        if picture.ndim == 2:
            picture = np.repeat(picture[:, :, None], 3, axis=2)
        processed = self._processor(picture, return_tensors="np", input_data_format="channels_last")
        return {"pixel_values": processed["pixel_values"][0]}

    @torch.inference_mode()
    def predict(self, batch: list[dict[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
        """Logits, float32 [labels]."""
        pixels = stack([each["pixel_values"] for each in batch], self._device)
        return [{"logits": row} for row in self._model(pixel_values=pixels).logits.float().cpu().numpy()]
