"""Pictures in: one image processor, used the same way by every image task."""

from typing import Any

import numpy as np
import torch
from transformers import AutoImageProcessor

from workers.serving.builtin.common import SAFE, Arrays, only_input, places_by, stack
from workers.serving.hooks import Context


class ImageInput:
    """Preprocessing for every image task."""

    _model: Any

    def _load_processor(self, context: Context) -> None:
        self._input = only_input(context, "image")["name"]
        # The PIL backend: the default one needs torchvision, which has no wheel beside this torch.
        self._processor = AutoImageProcessor.from_pretrained(context.directory, backend="pil", **SAFE)

    def preprocess(self, sample: dict[str, Any]) -> Arrays:
        """pixel_values as the model's own processor makes them; a grey picture counts as RGB."""
        picture = sample[self._input]
        if picture.ndim == 2:
            picture = np.repeat(picture[:, :, None], 3, axis=2)
        processed = self._processor(picture, return_tensors="np", input_data_format="channels_last")
        return {"pixel_values": processed["pixel_values"][0]}

    @torch.inference_mode()
    def predict(self, batch: list[Arrays]) -> list[Arrays]:
        """One result a picture. Pictures of one size go together: some processors keep the size that came."""
        results: list[Arrays] = [{} for _ in batch]
        for places in places_by(each["pixel_values"].shape for each in batch):
            pixels = stack((batch[place]["pixel_values"] for place in places), self._model)
            for place, result in zip(places, self._see(pixels), strict=True):
                results[place] = result
        return results

    def _see(self, pixels: torch.Tensor) -> list[Arrays]:
        """The model's result for each of a batch of pictures of one size."""
        raise NotImplementedError
