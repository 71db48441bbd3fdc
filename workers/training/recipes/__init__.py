"""What of a model learns. A recipe is a small class, under its name in apps/training/rules/recipes.py.

`prepare` makes the model ready and returns what trains in its place; `finish` gives back the model to be written.
"""

from typing import Any, Protocol

from torch import nn

from workers.training.families import Family
from workers.training.recipes.frozen_encoder import FrozenEncoder
from workers.training.recipes.full import Full
from workers.training.recipes.lora import LowRank

__all__ = ["RECIPES", "Recipe"]


class Recipe(Protocol):
    """One way to learn."""

    #: Times the family's learning rate, which suits full fine-tuning.
    faster: float

    def prepare(self, model: nn.Module, family: Family, parameters: dict[str, Any]) -> nn.Module:
        """The model that trains; its weights that do not learn ask for no gradient."""

    def finish(self, model: nn.Module) -> nn.Module:
        """The trained model as the family writes it."""


RECIPES: dict[str, type[Recipe]] = {"full": Full, "frozen-encoder": FrozenEncoder, "lora": LowRank}
