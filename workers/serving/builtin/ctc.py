"""Speech recognition by connectionist temporal classification: a token or a blank for every moment of the sound.

A. Graves et al., Connectionist Temporal Classification, ICML 2006.
"""

from itertools import groupby
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCTC, AutoTokenizer, Wav2Vec2CTCTokenizer

from workers.serving.builtin.audio import AudioInput
from workers.serving.builtin.common import SAFE, Arrays, load_model, predicts
from workers.serving.hooks import Context


class CtcRecogniser(AudioInput):
    """Sound -> text, the likeliest token of each moment taken."""

    def load(self, context: Context) -> None:
        """The feature extractor and the tokenizer always, the model only where it predicts."""
        self._load_extractor(context)
        self._tokenizer = AutoTokenizer.from_pretrained(context.directory, **SAFE)
        if predicts(context):
            self._model = load_model(AutoModelForCTC, context)

    @torch.inference_mode()
    def predict(self, batch: list[Arrays]) -> list[Arrays]:
        """`tokens`, int64 [moments], of each sound's own length."""
        results: list[Arrays] = [{} for _ in batch]
        for places, inputs in self._batches(batch):
            tokens = self._model(**inputs).logits.argmax(-1).cpu().numpy()
            for place, row in zip(places, tokens, strict=True):
                results[place] = {"tokens": row[: self._moments(batch[place], len(row))]}
        return results

    def postprocess(self, prediction: Arrays) -> dict[str, Any]:
        """Runs of one token count once, then blanks go."""
        blank = self._config.pad_token_id
        kept = [token for token, _ in groupby(prediction["tokens"].tolist()) if token != blank]
        grouped = {"group_tokens": False} if isinstance(self._tokenizer, Wav2Vec2CTCTokenizer) else {}
        return {"text": self._tokenizer.decode(kept, skip_special_tokens=True, **grouped).strip()}

    def _moments(self, each: Arrays, computed: int) -> int:
        """How many of a padded sound's moments are its own."""
        if not self._hides_padding:
            return computed
        length = torch.tensor(each["features"].shape[-1])
        return int(np.asarray(self._model._get_feat_extract_output_lengths(length)))
