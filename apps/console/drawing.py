"""Small drawings as SVG paths, worked out on the server so that a page is whole without a script."""

from collections.abc import Sequence
from dataclasses import dataclass


def spark_path(values: Sequence[float | None], width: float = 110, height: float = 26, inset: float = 2) -> str:
    """The `d` of a sparkline from 0 to its highest value; gaps stay gaps. Empty when nothing is known."""
    known = [value for value in values if value is not None]
    if not known or len(values) < 2:
        return ""
    top = max(known) or 1.0
    steps, pen = [], "M"
    for index, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        x = index * width / (len(values) - 1)
        y = height - inset - value / top * (height - 2 * inset)
        steps.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    return "".join(steps)


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points, the `d` of its path, with the ends of its upright axis and what it says in words."""

    path: str
    low: float
    high: float
    words: str


def curve(
    points: Sequence[tuple[int, float]], last: int, width: float = 1000, height: float = 160, inset: float = 4
) -> Curve | None:
    """The loss (step, loss) over steps 0 to `last`; None before there are two points."""
    if len(points) < 2:
        return None
    values = [value for _, value in points]
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    reach = height - 2 * inset
    placed = ((step * width / last, height - inset - (value - low) / span * reach) for step, value in points)
    steps = [f"{'L' if place else 'M'}{x:.1f} {y:.1f}" for place, (x, y) in enumerate(placed)]
    words = f"The loss went from {values[0]:.4g} to {values[-1]:.4g} in {points[-1][0]:,} of {last:,} steps."
    return Curve("".join(steps), low, high, words)
