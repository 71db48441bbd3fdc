"""`builtin:audio-classification`: a transformers audio classifier."""

from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoFeatureExtractor, AutoModelForAudioClassification

from workers.serving.builtin.common import SAFE, Classifier, load_model, only_input, stack
from workers.serving.hooks import Context


class AudioClassification(Classifier):
    """Sound -> label and scores."""

    def load(self, context: Context) -> None:
        """The feature extractor and labels always, the model only where it predicts."""
        self._device = context.device
        spec = only_input(context, "audio")
        self._input, self._rate = spec["name"], spec["sample_rate"]
        self._extractor = AutoFeatureExtractor.from_pretrained(context.directory, **SAFE)
        self._labels = AutoConfig.from_pretrained(context.directory, **SAFE).id2label
        if "infer" in context.stages:
            self._model = load_model(AutoModelForAudioClassification, context)

    def preprocess(self, sample: dict[str, Any]) -> dict[str, np.ndarray]:
        """`features` as the model's own extractor makes them; it refuses a rate it was not made for."""
        extracted = self._extractor(sample[self._input], sampling_rate=self._rate, return_tensors="np")
        return {"features": extracted[self._extractor.model_input_names[0]][0].astype(np.float32)}

    @torch.inference_mode()
    def predict(self, batch: list[dict[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
        """Logits, float32 [labels]. Sounds of one length go together: padding would change a shorter one's answer."""
        results: list[dict[str, np.ndarray]] = [{} for _ in batch]
        for shape in {each["features"].shape for each in batch}:
            places = [place for place, each in enumerate(batch) if each["features"].shape == shape]
            features = stack([batch[place]["features"] for place in places], self._device)
            for place, row in zip(places, self._model(features).logits.float().cpu().numpy(), strict=True):
                results[place] = {"logits": row}
        return results
