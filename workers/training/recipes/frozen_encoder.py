"""The encoders stay as they are; what stands on them learns."""

from typing import Any

from torch import nn


class FrozenEncoder:
    """See Recipe."""

    faster = 10.0

    def prepare(self, model: nn.Module, family: Any, parameters: dict[str, Any]) -> nn.Module:
        for name in family.encoders:
            for weight in getattr(model, name).parameters():
                weight.requires_grad_(False)
        return model

    def finish(self, model: nn.Module) -> nn.Module:
        for weight in model.parameters():
            weight.requires_grad_(True)
        return model
