"""From a text's token states to its embedding, as the files say that sentence-transformers writes beside a model.

`modules.json` lists the steps: the transformer, a pooling (its options in `1_Pooling/config.json`) and, for many
models, a normalisation to length 1. A directory without them gets the mean over tokens. The poolings are those of
https://sbert.net/docs/package_reference/sentence_transformer/models.html#sentence_transformers.models.Pooling
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from workers.serving.builtin.common import read_json

#: [texts, tokens, hidden] and a mask of ones and zeros [texts, tokens] -> [texts, hidden]. No text is without tokens.
Pool = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class NotPoolable(ValueError):
    """The directory asks for a step that is not known here; the message names it."""


@dataclass(frozen=True)
class Pooling:
    """How a model makes one vector of a text. Several pools are put one after the other."""

    pools: tuple[Pool, ...]
    normalised: bool

    def __call__(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """[texts, hidden * pools] in float32; what the mask hides does not count."""
        pooled = torch.cat([pool(hidden.float(), mask) for pool in self.pools], dim=-1)
        return torch.nn.functional.normalize(pooled, dim=-1) if self.normalised else pooled


def pooling_of(directory: Path) -> Pooling:
    """What the directory's modules.json says. Raises NotPoolable."""
    steps = [(each["type"].rpartition(".")[2], each["path"]) for each in read_json(directory / "modules.json") or []]
    if not steps:
        return Pooling((_mean,), normalised=False)
    kinds = [kind for kind, _ in steps]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]) or steps[0][1]:
        raise NotPoolable(
            f"modules.json lists {', '.join(kinds)}; served are a Transformer at the top of the directory, a Pooling "
            "and, after it, a Normalize"
        )
    return Pooling(_pools(read_json(directory / steps[1][1] / "config.json") or {}), "Normalize" in kinds)


def longest_of(directory: Path) -> int | None:
    """How many tokens sentence-transformers would cut a text at, or None where it does not say."""
    length = (read_json(directory / "sentence_bert_config.json") or {}).get("max_seq_length")
    return None if length is None else int(length)


def _pools(options: dict[str, Any]) -> tuple[Pool, ...]:
    """Newer directories name the pools in `pooling_mode`, older ones have a switch for each."""
    named = options.get("pooling_mode")
    if named is None:
        named = [key.removeprefix("pooling_mode_") for key, on in options.items() if on is True and "_mode_" in key]
    names = [named] if isinstance(named, str) else named
    unknown = [name for name in names if name not in _POOLS]
    if unknown or not names:
        raise NotPoolable(f"1_Pooling asks for {unknown or 'no pooling'}; there are {', '.join(_POOLS)}")
    return tuple(_POOLS[name] for name in names)


def _mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return _sum(hidden, mask) / mask.sum(1, keepdim=True)


def _mean_by_root(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return _sum(hidden, mask) / mask.sum(1, keepdim=True).sqrt()


def _sum(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return (hidden * mask.unsqueeze(-1)).sum(1)


def _most(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return hidden.masked_fill(mask.unsqueeze(-1) == 0, float("-inf")).amax(1)


def _first(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return _at(hidden, mask.argmax(1))


def _last(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return _at(hidden, mask.shape[1] - 1 - mask.flip(1).argmax(1))


def _at(hidden: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    return hidden[torch.arange(len(hidden), device=hidden.device), places]


_POOLS: dict[str, Pool] = {
    "mean_tokens": _mean,
    "mean": _mean,
    "mean_sqrt_len_tokens": _mean_by_root,
    "mean_sqrt_len": _mean_by_root,
    "max_tokens": _most,
    "max": _most,
    "cls_token": _first,
    "cls": _first,
    "lasttoken": _last,
}
