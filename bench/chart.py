"""docs/benchmarks.svg: a panel a part, a bar a row, its spread as a line across its end. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from bench.part import Part, label
from bench.peers import QUARTET
from bench.results import Results
from bench.statistics import Spread, spread

_WIDTH, _LEFT, _RIGHT = 860, 250, 130  # pixels: the picture, the names, the figures
_LINE, _HEAD = 24, 46
_OURS, _THEIRS, _INK = "#3b5bdb", "#adb5bd", "#212529"


def draw(parts: Mapping[str, Part], results: Results) -> str:
    """The picture of every part that has been measured."""
    top, panels = 0.0, []
    for name, part in parts.items():
        if bars := _bars(part, results.get(name, {}).get("rows", {})):
            panels.append(f'<g transform="translate(0,{top:g})">{"".join(_panel(part, bars))}</g>')
            top += _HEAD + _LINE * len(bars) + 16
    style = f"text{{font:13px system-ui,sans-serif;fill:{_INK}}}.t{{font-weight:600}}.n{{text-anchor:end}}"
    ground = f'<rect width="{_WIDTH}" height="{top:g}" fill="#fff"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {max(top, 1):g}" role="img">'
        f"<title>Benchmarks</title><style>{style}</style>{ground}{''.join(panels)}</svg>\n"
    )


def _bars(part: Part, rows: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, Spread]:
    return {row: spread(figures[part.chart]) for row, figures in rows.items() if figures.get(part.chart)}


def _panel(part: Part, bars: Mapping[str, Spread]) -> Iterator[str]:
    column = part.column(part.chart)
    scale = _Scale(bars.values())
    how = ", logarithmic" if scale.logarithmic else ""
    yield f'<text class="t" x="12" y="28">{escape(part.title)}: {escape(column.title)} ({column.unit}{how})</text>'
    for place, (row, bar) in enumerate(bars.items()):
        middle = _HEAD + _LINE * place + _LINE / 2
        colour = _OURS if row.rpartition("/")[2].startswith(QUARTET) else _THEIRS
        yield f'<text class="n" x="{_LEFT - 8}" y="{middle + 4:g}">{escape(label(row))}</text>'
        yield f'<rect x="{_LEFT}" y="{middle - 8:g}" width="{scale(bar.median):.1f}" height="16" fill="{colour}"/>'
        yield (
            f'<path d="M{_LEFT + scale(bar.low):.1f} {middle:g}H{_LEFT + scale(bar.high):.1f}" '
            f'stroke="{_INK}" stroke-width="2"/>'
        )
        yield f'<text x="{_LEFT + scale(bar.high) + 8:.1f}" y="{middle + 4:g}">{column.show(bar.median)}</text>'


class _Scale:
    """A value's length in pixels. Logarithmic where the longest would leave the shortest too short to see."""

    def __init__(self, bars: Iterable[Spread]) -> None:
        spreads = list(bars)
        self._high = max(bar.high for bar in spreads)
        low = min(bar.low for bar in spreads)
        self.logarithmic = low > 0 and self._high / low > 30
        self._low = 10 ** math.floor(math.log10(low)) if self.logarithmic else 0.0

    def __call__(self, value: float) -> float:
        room = _WIDTH - _LEFT - _RIGHT
        if self.logarithmic:
            return room * math.log(value / self._low) / math.log(self._high / self._low)
        return room * value / self._high if self._high > 0 else 0.0
