"""`builtin:image-feature-extraction`: a transformers vision model's embedding.

Output: `embedding` FP32 [-1, hidden].
"""

import numpy as np
import torch
from transformers import AutoModel

from workers.serving.builtin.common import Arrays, load_model, predicts, rows
from workers.serving.builtin.image import ImageInput
from workers.serving.hooks import Context


class ImageFeatureExtraction(ImageInput):
    """Picture -> one vector: what the model pools, or the first token's state where it has no pooling of its own."""

    def load(self, context: Context) -> None:
        """The image processor always, the model only where it predicts."""
        self._load_processor(context)
        if predicts(context):
            self._model = load_model(AutoModel, context, spare=["pooler"])

    def _see(self, pixels: torch.Tensor) -> list[Arrays]:
        seen = self._model(pixel_values=pixels)
        pooled = None if self._model.missing else getattr(seen, "pooler_output", None)
        return rows(seen.last_hidden_state[:, 0] if pooled is None else pooled.flatten(1), "embedding")

    def postprocess(self, prediction: Arrays) -> dict[str, np.ndarray]:
        """As it is."""
        return prediction
