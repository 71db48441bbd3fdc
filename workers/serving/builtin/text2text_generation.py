"""`builtin:text2text-generation`: a transformers encoder-decoder of text, as for translation and summaries."""

from typing import Any

from transformers import AutoModelForSeq2SeqLM

from workers.serving.builtin.common import Arrays, predicts
from workers.serving.builtin.generation import load_writer
from workers.serving.builtin.text_writer import TextWriter
from workers.serving.hooks import Context


class Text2TextGeneration(TextWriter):
    """Text -> another text."""

    def load(self, context: Context) -> None:
        """The tokenizer and the limit always, the model only where it predicts."""
        self._load_reader(context)
        if self._window is not None:
            self._limit = min(self._limit, self._window - 1)  # one place is the start token's
        if predicts(context):
            self._model = load_writer(AutoModelForSeq2SeqLM, context)

    def preprocess(self, sample: dict[str, Any]) -> Arrays:
        """Token ids of the text, cut at what the model can take, and the limit."""
        return self._with_limit(super().preprocess(sample), sample, self._limit)
