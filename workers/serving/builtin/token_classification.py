"""`builtin:token-classification`: names, places and the like in a text, by a transformers token classifier.

Output: `entities` BYTES [-1], for each text a JSON list of `{"label", "score", "start", "end"}`: `start` and `end`
count characters of the text, `score` is the mean over the entity's tokens.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForTokenClassification

from workers.serving.builtin.common import SAFE, Arrays, load_model, predicts, softmax
from workers.serving.builtin.text import TextInput
from workers.serving.hooks import Context

_OUTSIDE = "O"


class TokenClassification(TextInput):
    """Text -> entities."""

    def load(self, context: Context) -> None:
        """Tokenizer and labels always, the model only where it predicts. Raises ValueError."""
        self._load_tokenizer(context)
        if not self._tokenizer.is_fast:
            raise ValueError(
                "token-classification needs a tokenizer.json, which tells where in the text a token stands"
            )
        self._labels = AutoConfig.from_pretrained(context.directory, **SAFE).id2label
        if predicts(context):
            self._model = load_model(AutoModelForTokenClassification, context)

    def preprocess(self, sample: dict[str, Any]) -> Arrays:
        """Token ids of one text, and `offsets` int64 [tokens, 2]: each token's first character and the one after it."""
        encoded = self._tokenizer(sample[self._input], truncation=True, return_offsets_mapping=True)
        offsets = encoded.pop("offset_mapping")
        return {name: np.asarray(values, np.int64) for name, values in encoded.items()} | {
            "offsets": np.asarray(offsets, np.int64).reshape(-1, 2)
        }

    @torch.inference_mode()
    def predict(self, batch: list[Arrays]) -> list[Arrays]:
        """Logits, float32 [tokens, labels], and the offsets."""
        inputs = self._pad(batch)
        logits = self._model(**inputs).logits.float().cpu().numpy()
        content = inputs["attention_mask"].bool().cpu().numpy()
        return [
            {"logits": row[kept], "offsets": each["offsets"]}
            for row, kept, each in zip(logits, content, batch, strict=True)
        ]

    def postprocess(self, prediction: Arrays) -> dict[str, str]:
        """Neighbouring tokens of one label are one entity, unless the later one's tag begins with `B-`."""
        found: list[_Entity] = []
        is_next = False
        for scores, (start, end) in zip(softmax(prediction["logits"]), prediction["offsets"].tolist(), strict=True):
            tag = self._labels[int(scores.argmax())]
            label = tag[2:] if tag[:2] in ("B-", "I-") else tag
            if start == end or label == _OUTSIDE:  # no text of its own: the tokenizer's own marks
                is_next = False
            elif is_next and found[-1].label == label and not tag.startswith("B-"):
                found[-1].extend(end, scores.max())
            else:
                found.append(_Entity(label, start, end, [float(scores.max())]))
                is_next = True
        return {"entities": json.dumps([each.told() for each in found])}


@dataclass
class _Entity:
    label: str
    start: int
    end: int
    scores: list[float]

    def extend(self, end: int, score: float) -> None:
        self.end = end
        self.scores.append(float(score))

    def told(self) -> dict[str, Any]:
        score = round(sum(self.scores) / len(self.scores), 6)
        return {"label": self.label, "score": score, "start": self.start, "end": self.end}
