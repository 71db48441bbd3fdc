"""`builtin:audio-classification`: a transformers audio classifier."""

import torch
from transformers import AutoModelForAudioClassification

from workers.serving.builtin.audio import AudioInput
from workers.serving.builtin.common import Arrays, Classifier, load_model, predicts, rows
from workers.serving.hooks import Context


class AudioClassification(Classifier, AudioInput):
    """Sound -> label and scores."""

    def load(self, context: Context) -> None:
        """The feature extractor and labels always, the model only where it predicts."""
        self._load_extractor(context)
        self._labels = self._config.id2label
        if predicts(context):
            self._model = load_model(AutoModelForAudioClassification, context)

    @torch.inference_mode()
    def predict(self, batch: list[Arrays]) -> list[Arrays]:
        """Logits, float32 [labels]; another sound's length changes nothing."""
        results: list[Arrays] = [{} for _ in batch]
        for places, inputs in self._batches(batch):
            for place, result in zip(places, rows(self._model(**inputs).logits, "logits"), strict=True):
                results[place] = result
        return results
