"""Small drawings as SVG paths, worked out on the server so that a page is whole without a script."""

from collections.abc import Sequence


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
