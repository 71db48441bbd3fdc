"""`builtin:feature-extraction`: a transformers encoder's sentence embedding. Output: `embedding` FP32 [-1, hidden]."""

import numpy as np
import torch
from transformers import AutoModel

from workers.serving.builtin.common import load_model
from workers.serving.builtin.text import TextInput
from workers.serving.hooks import Context


class FeatureExtraction(TextInput):
    """Text -> the mean of its tokens' last hidden states."""

    def load(self, context: Context) -> None:
        """The tokenizer always, the model only where it predicts."""
        self._device = context.device
        self._load_tokenizer(context)
        if "infer" in context.stages:
            self._model = load_model(AutoModel, context)

    @torch.inference_mode()
    def predict(self, batch: list[dict[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
        """Embeddings, float32 [hidden]; padding does not count."""
        inputs = self._pad(batch, self._device)
        hidden = self._model(**inputs).last_hidden_state.float()
        mask = inputs["attention_mask"].unsqueeze(-1).float()
        means = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
        return [{"embedding": row} for row in means.cpu().numpy()]

    def postprocess(self, prediction: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """As it is."""
        return prediction
