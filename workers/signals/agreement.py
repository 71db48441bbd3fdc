"""Whether the modalities of a sample still say the same, told by the model itself: its answer with an input hidden."""

from collections.abc import Mapping, Sequence

import numpy as np

#: What a model answered: scores (n,) or a label.
Output = np.ndarray | Sequence[float] | str | int


def agreement(whole: Output, hidden: Mapping[str, Output]) -> dict[str, float]:
    """Distances, 0 (alike) to 1: `<input>.agreement` between the answer and that with the input hidden, and

    `agreement`, the mean distance between the answers that had one input hidden each, where there are two or more: with
    picture and sound, what is seen against what is heard. Answers that cannot be compared are absent.
    """
    told = {f"{name}.agreement": distance(whole, output) for name, output in hidden.items()}
    outputs = list(hidden.values())
    between = [distance(one, other) for place, one in enumerate(outputs) for other in outputs[place + 1 :]]
    known = [each for each in between if each is not None]
    if known:
        told["agreement"] = sum(known) / len(known)
    return {name: value for name, value in told.items() if value is not None}


def distance(one: Output, other: Output) -> float | None:
    """Of two labels 0 or 1, of two score vectors their Jensen-Shannon distance; None where they are no pair."""
    if isinstance(one, str | int) or isinstance(other, str | int):
        return float(one != other) if isinstance(one, str | int) and isinstance(other, str | int) else None
    return jensen_shannon(np.asarray(one, np.float64), np.asarray(other, np.float64))


def jensen_shannon(one: np.ndarray, other: np.ndarray) -> float | None:
    """sqrt of the Jensen-Shannon divergence in bits, 0 to 1, a metric (Endres and Schindelin 2003).

    Scores (n,) are brought to a sum of one; None where they are of different length, negative, not finite or all zero.
    """
    if one.shape != other.shape or one.ndim != 1 or not (_scores(one) and _scores(other)):
        return None
    first, second = one / one.sum(), other / other.sum()
    middle = (first + second) / 2
    divergence = (_relative(first, middle) + _relative(second, middle)) / 2
    return float(np.sqrt(min(1.0, max(0.0, divergence))))


def _scores(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).all() and (values >= 0).all() and 0 < values.sum() < np.inf)


def _relative(one: np.ndarray, other: np.ndarray) -> float:
    """Kullback-Leibler divergence in bits; `other` is above zero wherever `one` is."""
    there = one > 0
    return float(np.sum(one[there] * np.log2(one[there] / other[there])))
