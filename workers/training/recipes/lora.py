"""Low-rank updates of the attention's projections learn, and the head; at the end they are merged into the weights.

Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, 2021 (https://arxiv.org/abs/2106.09685), by peft.
"""

from typing import Any

from torch import nn


class LowRank:
    """See Recipe."""

    faster = 10.0

    def prepare(self, model: nn.Module, family: Any, parameters: dict[str, Any]) -> nn.Module:
        from peft import LoraConfig, get_peft_model  # it takes a second, and only this recipe needs it

        encoders = [getattr(model, name) for name in family.encoders]
        inside = {id(part) for encoder in encoders for part in encoder.modules()}
        outside = [(name, part) for name, part in model.named_children() if id(part) not in inside]
        heads = [name for name, part in outside if next(part.parameters(), None) is not None]
        rank = parameters["rank"]
        targets = [name for name in family.attention if any(each.endswith(name) for each, _ in model.named_modules())]
        config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=targets, modules_to_save=heads)
        return get_peft_model(model, config)

    def finish(self, model: nn.Module) -> nn.Module:
        merged: nn.Module = model.merge_and_unload()  # type: ignore[operator]
        return merged
