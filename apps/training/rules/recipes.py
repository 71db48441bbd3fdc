"""The recipes that there are and what each may be told, without a line of torch; workers/training/recipes has the rest.

`learning_rate` may be left out: the model's family then says what suits it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Number = int | float

#: Stands in a job in the place of a recipe where nothing learns: its parent is measured beside its champion.
EVALUATION = "evaluation"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number with its limits; `default` is None where the model's family decides."""

    least: Number
    most: Number
    default: Number | None
    whole: bool
    about: str


_COMMON: dict[str, Parameter] = {
    "steps": Parameter(1, 1_000_000, 150, True, "Steps of the optimiser."),
    "batch_size": Parameter(1, 4096, 64, True, "Samples a step."),
    "learning_rate": Parameter(1e-7, 1.0, None, False, "The highest of its one cycle; by default as suits the model."),
    "checkpoint_every": Parameter(1, 100_000, 50, True, "Steps from one checkpoint to the next."),
    "threads": Parameter(1, 64, 1, True, "Threads of the processor. The same number gives the same weights."),
}
_RANK = Parameter(1, 256, 8, True, "Rank of the update that is learned.")

#: Recipe -> what it does and its own parameters.
RECIPES: dict[str, tuple[str, dict[str, Parameter]]] = {
    "full": ("Every weight learns.", _COMMON),
    "frozen-encoder": ("The encoders stay as they are; the head learns.", _COMMON),
    "lora": (
        "Low-rank updates of the attention's projections learn, and the head; they are merged at the end.",
        _COMMON | {"rank": _RANK},
    ),
}


def parameters_normalise(recipe: str, given: Mapping[str, Any]) -> tuple[dict[str, Number | None], str]:
    """Every parameter spelt out, and the first fault in words (empty where there is none). The recipe must be known."""
    known = RECIPES[recipe][1]
    for name, value in given.items():
        if name not in known:
            return {}, f"The recipe '{recipe}' has no parameter '{name}'; it has {', '.join(known)}."
        if value is not None and (fault := _fault(name, value, known[name])):
            return {}, fault
    spelt = {name: parameter.default if given.get(name) is None else given[name] for name, parameter in known.items()}
    return spelt, ""


def _fault(name: str, value: Any, parameter: Parameter) -> str:
    kind = "a whole number" if parameter.whole else "a number"
    fits = isinstance(value, int if parameter.whole else (int, float)) and not isinstance(value, bool)
    if fits and parameter.least <= value <= parameter.most:
        return ""
    return f"'{name}' must be {kind} from {parameter.least:,} to {parameter.most:,}."
