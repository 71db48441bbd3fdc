"""Text written token by token: one greedy decoding loop, driven whole by `predict` and step by step by `stream`.

transformers prepares the generation (prompt, masks, cache, the artifact's generation_config.json) and hands it to
`_greedy`, which is a generator, so that what one step computes stays inside one call of `next`: no thread, no callback.
https://huggingface.co/docs/transformers/generation_strategies#custom-generation-methods
Greedy, so that a request that had to be answered twice gets the same text.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import GenerationMixin

from workers.serving.builtin.common import Arrays, load_model, read_json
from workers.serving.hooks import Context

#: New tokens at most, where generation_config.json does not say.
DEFAULT_LIMIT = 256
#: What a tokenizer gives for the first bytes of a character whose last ones are still to come.
_INCOMPLETE = "\ufffd"
#: Stands in a step's tokens for a sequence that has ended.
_NONE = -1
_STOP, _LENGTH, _ONGOING = "stop", "length", ""


@dataclass
class Written:
    """One sequence while it grows."""

    limit: int  # tokens at most
    tokens: list[int] = field(default_factory=list)
    ended: bool = False  # by the model's own word

    @property
    def open(self) -> bool:
        """Whether another token is wanted."""
        return not self.ended and len(self.tokens) < self.limit

    def add(self, token: int) -> None:
        """Take the next token, or _NONE for the model's word that there is none."""
        if self.open:
            self.ended = token == _NONE
            self.tokens += [] if self.ended else [token]

    def prediction(self) -> Arrays:
        """What `postprocess` is given: `tokens` int64 [written], `finish_reason` one text."""
        reason = _STOP if self.ended else _ONGOING if self.open else _LENGTH
        return {"tokens": np.array(self.tokens, np.int64), "finish_reason": np.array(reason, dtype=object)}


def limit_of(directory: Path) -> int:
    """New tokens at most, as the artifact's generation_config.json says."""
    config = read_json(directory / "generation_config.json") or {}
    return int(config.get("max_new_tokens") or config.get("max_length") or DEFAULT_LIMIT)


def load_writer(auto_class: Any, context: Context) -> Any:
    """The model of an Auto class, set to write greedily and to no length of its own."""
    model = load_model(auto_class, context)
    sampling = {"temperature": None, "top_p": None, "top_k": None, "max_length": None, "max_new_tokens": None}
    model.generation_config.update(do_sample=False, num_beams=1, num_return_sequences=1, **sampling)
    return model


@torch.inference_mode()
def write(model: Any, inputs: dict[str, torch.Tensor], limits: list[int]) -> Iterator[list[Written]]:
    """A batch's sequences after each step, the same objects every time, until none is open.

    `limits` are in new tokens. Closing it between two steps leaves nothing behind but the garbage collector's work.
    """
    written = [Written(limit) for limit in limits]
    # The class's own `generate`: Whisper's cuts sound into windows around it and could not be driven by steps.
    steps = GenerationMixin.generate(model, **inputs, max_new_tokens=max(limits), custom_generate=_greedy)
    for tokens in steps:
        for sequence, token in zip(written, tokens, strict=True):
            sequence.add(token)
        yield written
        if not any(sequence.open for sequence in written):
            return


def _greedy(
    model: Any,
    input_ids: torch.Tensor,
    logits_processor: Any,
    stopping_criteria: Any,
    generation_config: Any,
    **state: Any,
) -> Iterator[list[int]]:
    """Each step's likeliest token of every sequence. Steps end where the stopping criteria end every sequence."""
    ends = _ends(generation_config.eos_token_id)
    is_open = torch.ones(len(input_ids), dtype=torch.bool, device=input_ids.device)
    fed: dict[str, Any] = {"is_first_iteration": True}
    while is_open.any():
        inputs = model.prepare_inputs_for_generation(input_ids, **fed, **state)
        outputs = model(**inputs, return_dict=True)
        state = model._update_model_kwargs_for_generation(outputs, state, model.config.is_encoder_decoder)
        fed = {"next_sequence_length": 1} if state["use_cache"] else {}  # the cache holds all but the newest token
        tokens = logits_processor(input_ids, outputs.logits[:, -1].float()).argmax(-1)
        input_ids = torch.cat([input_ids, tokens[:, None]], dim=-1)
        taken = zip(tokens.tolist(), is_open.tolist(), strict=True)
        yield [token if wanted and token not in ends else _NONE for token, wanted in taken]
        is_open &= ~stopping_criteria(input_ids, None)


def _ends(eos: int | list[int] | None) -> set[int]:
    return set() if eos is None else {eos} if isinstance(eos, int) else set(eos)


class Writer:
    """Prediction, streaming and postprocessing for every task whose answer is written.

    Outputs: `text` BYTES [-1], `token_count` INT64 [-1], `finish_reason` BYTES [-1] ("stop" when the model ended it,
    "length" when the limit did, empty while it goes on), of which the manifest declares those it wants.
    """

    _model: Any
    _tokenizer: Any

    def predict(self, batch: list[Arrays]) -> list[Arrays]:
        """The whole of what is written for each sample."""
        results: list[Arrays] = [{} for _ in batch]
        for places in self._together(batch):
            asked = [batch[place] for place in places]
            *_, written = write(self._model, self._inputs(asked), self._limits(asked))
            for place, sequence in zip(places, written, strict=True):
                results[place] = self._prediction(batch[place], sequence)
        return results

    def stream(self, features: Arrays) -> Iterator[Arrays]:
        """What is written so far, after each token."""
        for (sequence,) in write(self._model, self._inputs([features]), self._limits([features])):
            yield self._prediction(features, sequence)

    def postprocess(self, prediction: Arrays) -> dict[str, Any]:
        """The text of the tokens. While it goes on, the first bytes of a character wait for its last."""
        text, reason = self._text(prediction), str(prediction["finish_reason"])
        return {
            "text": text.rstrip(_INCOMPLETE) if reason == _ONGOING else text,
            "token_count": len(prediction["tokens"]),
            "finish_reason": reason,
        }

    def _together(self, batch: list[Arrays]) -> list[list[int]]:
        """The places of samples that may be written in one batch."""
        return [list(range(len(batch)))]

    def _inputs(self, batch: list[Arrays]) -> dict[str, torch.Tensor]:
        """What transformers' `generate` is called with for samples that go together."""
        raise NotImplementedError

    def _limits(self, batch: list[Arrays]) -> list[int]:
        """New tokens at most, for each sample."""
        raise NotImplementedError

    def _prediction(self, features: Arrays, sequence: Written) -> Arrays:
        return sequence.prediction()

    def _text(self, prediction: Arrays) -> str:
        return str(self._tokenizer.decode(prediction["tokens"].tolist(), skip_special_tokens=True))
