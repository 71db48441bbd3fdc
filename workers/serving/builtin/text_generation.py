"""`builtin:text-generation`: a transformers causal language model. `text` is what it writes after the prompt."""

from typing import Any

import numpy as np
from transformers import AutoModelForCausalLM

from workers.serving.builtin.common import Arrays, predicts
from workers.serving.builtin.generation import Written, load_writer
from workers.serving.builtin.text_writer import TextWriter
from workers.serving.hooks import Context


class TextGeneration(TextWriter):
    """Prompt -> what follows."""

    def load(self, context: Context) -> None:
        """The tokenizer and the limits always, the model only where it predicts."""
        self._load_reader(context)
        self._tokenizer.padding_side = "left"  # what is written stands next to the prompt's end
        if predicts(context):
            self._model = load_writer(AutoModelForCausalLM, context)

    def preprocess(self, sample: dict[str, Any]) -> Arrays:
        """Token ids of the whole prompt, and the limit. A prompt that leaves no room is refused: ValueError."""
        prompt = np.asarray(self._tokenizer(sample[self._input])["input_ids"], np.int64)
        room = self._limit if self._window is None else self._window - len(prompt)
        if not len(prompt):
            raise ValueError("the prompt is empty")
        if room < 1:
            raise ValueError(f"the prompt has {len(prompt)} tokens; this model takes fewer than {self._window}")
        return self._with_limit({"input_ids": prompt}, sample, min(self._limit, room))

    def _together(self, batch: list[Arrays]) -> list[list[int]]:
        """A prompt goes alone where its neighbours' limits would carry it past the model's window."""
        furthest = max(self._limits(batch))
        fit = [
            place
            for place, each in enumerate(batch)
            if self._window is None or len(each["input_ids"]) + furthest <= self._window
        ]
        alone = [[place] for place in range(len(batch)) if place not in fit]
        return [fit, *alone] if fit else alone

    def _prediction(self, features: Arrays, sequence: Written) -> Arrays:
        return sequence.prediction() | {"context": features["input_ids"][-1:]}

    def _text(self, prediction: Arrays) -> str:
        """Decoded behind the prompt's last token: some tokenizers drop the space before a text's first word."""
        before, tokens = prediction["context"].tolist(), prediction["tokens"].tolist()
        known = self._tokenizer.decode(before, skip_special_tokens=True)
        return str(self._tokenizer.decode(before + tokens, skip_special_tokens=True))[len(known) :]
