"""Speech recognition by an encoder-decoder that writes what it heard: Whisper and its like.

A. Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision, 2022 (https://arxiv.org/abs/2212.04356);
the prompt's tokens are those of its section 2.3.
"""

from typing import Any

import torch
from transformers import AutoModelForSpeechSeq2Seq, AutoTokenizer

from workers.serving.builtin.audio import AudioInput
from workers.serving.builtin.common import SAFE, Arrays, places_by, predicts, stack
from workers.serving.builtin.generation import Writer, limit_of, load_writer
from workers.serving.hooks import Context

#: Start, language, task, no timestamps.
_LONGEST_PROMPT = 4


class Dictation(Writer, AudioInput):
    """Sound -> text."""

    def load(self, context: Context) -> None:
        """The feature extractor, the tokenizer and the limit always, the model only where it predicts."""
        self._load_extractor(context)
        self._tokenizer = AutoTokenizer.from_pretrained(context.directory, **SAFE)
        self._limit = limit_of(context.directory)
        room: int | None = getattr(self._config, "max_target_positions", None)
        if room is not None:
            self._limit = min(self._limit, room - _LONGEST_PROMPT)
        if predicts(context):
            self._model = load_writer(AutoModelForSpeechSeq2Seq, context)

    def preprocess(self, sample: dict[str, Any]) -> Arrays:
        """As for every sound. ValueError for one longer than the model's window: it would lose its end unsaid."""
        window: float | None = getattr(self._extractor, "chunk_length", None)
        seconds = len(sample[self._input]) / self._rate
        if window is not None and seconds > window:
            raise ValueError(f"the sound lasts {seconds:.1f} seconds; this model hears {window} at once")
        return super().preprocess(sample)

    def _together(self, batch: list[Arrays]) -> list[list[int]]:
        return list(places_by(each["features"].shape for each in batch))

    def _inputs(self, batch: list[Arrays]) -> dict[str, torch.Tensor]:
        features = stack((each["features"] for each in batch), self._model)
        prompt = {"decoder_input_ids": _prompts(self._model, features)} if self._config.model_type == "whisper" else {}
        return {self._name: features, **prompt}

    def _limits(self, batch: list[Arrays]) -> list[int]:
        return [self._limit] * len(batch)

    def _text(self, prediction: Arrays) -> str:
        return super()._text(prediction).strip()


def _prompts(model: Any, features: torch.Tensor) -> torch.Tensor:
    """What Whisper's decoder begins with, int64 [sounds, tokens]. The language is the artifact's, or is heard."""
    config = model.generation_config
    columns: list[Any] = [config.decoder_start_token_id]
    if getattr(config, "is_multilingual", False):
        columns += [_languages(model, features), config.task_to_id[getattr(config, "task", None) or "transcribe"]]
    if getattr(config, "no_timestamps_token_id", None) is not None:
        columns.append(config.no_timestamps_token_id)
    filled = [torch.as_tensor(column, device=features.device).expand(len(features)) for column in columns]
    return torch.stack(filled, dim=1)


def _languages(model: Any, features: torch.Tensor) -> Any:
    """The token of the artifact's language, or of each sound's."""
    config = model.generation_config
    language = getattr(config, "language", None)
    return model.detect_language(features) if language is None else config.lang_to_id[f"<|{language.strip('<|>')}|>"]
