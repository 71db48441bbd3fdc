"""The picture is well-formed and shows every row that was measured."""

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from bench import chart
from tests.bench.made import SPEED, part, result

WIDTH = 860
values = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=5)
rows = st.dictionaries(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1), values)


def drawn(measured: dict[str, list[float]]) -> ElementTree.Element:
    kept = {"race": result({name: {SPEED: each} for name, each in measured.items()})}
    return ElementTree.fromstring(chart.draw({"race": part()}, kept))


def length(bar: ElementTree.Element) -> float:
    return float(bar.get("width", "nan"))


@given(rows)
def test_every_row_has_a_bar_within_the_picture(measured: dict[str, list[float]]) -> None:
    bars = [each for each in drawn(measured).iter() if each.tag.endswith("rect")][1:]
    assert len(bars) == len(measured)
    assert all(0 <= length(bar) < WIDTH for bar in bars)


def test_who_is_faster_has_the_longer_bar() -> None:
    for slow in (1.0, 99.0):  # on a logarithmic scale, and on a plain one
        _, fast_bar, slow_bar = [
            each for each in drawn({"a": [100.0], "b": [slow]}).iter() if each.tag.endswith("rect")
        ]
        assert length(fast_bar) > length(slow_bar)
