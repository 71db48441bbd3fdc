"""`builtin:automatic-speech-recognition`: what was said. Output: `text` BYTES [-1].

Models that write the text (Whisper and other encoder-decoders) stream it token by token and give `token_count` and
`finish_reason` too (`generation.py`); models that label every moment (CTC: Wav2Vec2, HuBERT) answer at once.
"""

from collections.abc import Callable, Iterator
from typing import Any

from transformers import AutoConfig

from workers.serving.builtin.common import SAFE, Arrays
from workers.serving.builtin.ctc import CtcRecogniser
from workers.serving.builtin.dictation import Dictation
from workers.serving.hooks import Context


class AutomaticSpeechRecognition:
    """Sound -> text, by whichever of the two the directory's architecture is."""

    #: The hook; only there where the model writes.
    stream: Callable[[Arrays], Iterator[Arrays]]

    def load(self, context: Context) -> None:
        """As the two do."""
        architectures = AutoConfig.from_pretrained(context.directory, **SAFE).architectures or [""]
        self._recogniser: CtcRecogniser | Dictation
        self._recogniser = CtcRecogniser() if architectures[0].endswith("ForCTC") else Dictation()
        self._recogniser.load(context)
        if isinstance(self._recogniser, Dictation):
            self.stream = self._recogniser.stream

    def preprocess(self, sample: dict[str, Any]) -> Arrays:
        """As the two do."""
        return self._recogniser.preprocess(sample)

    def predict(self, batch: list[Arrays]) -> list[Arrays]:
        """As the two do."""
        return self._recogniser.predict(batch)

    def postprocess(self, prediction: Arrays) -> dict[str, Any]:
        """As the two do."""
        return self._recogniser.postprocess(prediction)
