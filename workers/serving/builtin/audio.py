"""Sound in: one feature extractor, used the same way by every audio task."""

from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoFeatureExtractor

from workers.serving.builtin.common import SAFE, Arrays, only_input, places_by, stack
from workers.serving.hooks import Context

#: Models of waveforms whose mask hides padding whole, where they normalise frame by frame ("layer") and not over the
#: whole sound ("group"). With any other only sounds of one length go together.
_MASKED = frozenset({"wav2vec2", "hubert"})


class AudioInput:
    """Preprocessing for every audio task."""

    _model: Any

    def _load_extractor(self, context: Context) -> None:
        spec = only_input(context, "audio")
        self._input, self._rate = spec["name"], spec["sample_rate"]
        self._config = AutoConfig.from_pretrained(context.directory, **SAFE)
        self._extractor = AutoFeatureExtractor.from_pretrained(context.directory, **SAFE)
        self._name = self._extractor.model_input_names[0]
        self._hides_padding = self._config.model_type in _MASKED and self._config.feat_extract_norm == "layer"

    def preprocess(self, sample: dict[str, Any]) -> Arrays:
        """`features`, float32, as the model's own extractor makes them; it refuses a rate it was not made for."""
        extracted = self._extractor(sample[self._input], sampling_rate=self._rate, return_tensors="np")
        return {"features": extracted[self._name][0].astype(np.float32)}

    def _batches(self, batch: list[Arrays]) -> list[tuple[list[int], dict[str, torch.Tensor]]]:
        """Which samples go together, and what the model is called with for them."""
        features = [each["features"] for each in batch]
        if self._hides_padding and len({each.shape for each in features}) > 1:
            return [(list(range(len(batch))), self._padded(features))]
        groups = places_by(each.shape for each in features)
        return [(places, {self._name: stack((features[place] for place in places), self._model)}) for places in groups]

    def _padded(self, features: list[np.ndarray]) -> dict[str, torch.Tensor]:
        longest = max(map(len, features))
        padded = stack((np.pad(each, (0, longest - len(each))) for each in features), self._model)
        mask = stack((np.arange(longest) < len(each) for each in features), self._model)
        return {self._name: padded, "attention_mask": mask.long()}
