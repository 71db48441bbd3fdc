"""The small drawings of distributions say in words what they show."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.console.distributions import HEIGHT, WIDTH, drawn, number

DARK: dict[str, Any] = {
    "kind": "number",
    "edges": [0.0, 0.1, 0.2, 0.3],
    "reference": [0.1, 0.2, 0.7],
    "window": [0.9, 0.1, 0.0],
}


def test_numbers_are_an_area_and_a_line_with_their_ends_and_words() -> None:
    drawing = drawn(DARK)
    assert drawing is not None
    assert drawing.said == "Most often 0.2 to 0.3 in the reference, 0 to 0.1 in the window"
    assert (drawing.low, drawing.high, drawing.bars) == ("0", "0.3", False)
    assert drawing.reference.endswith("Z")
    assert drawing.window.startswith("M0.0 2.0L"), "the highest share reaches the top"


def test_categories_are_bars_with_the_largest_changes_in_words() -> None:
    told = {
        "kind": "category",
        "categories": ["en", "de", None],
        "reference": [0.9, 0.1, 0.0],
        "window": [0.2, 0.5, 0.3],
    }
    drawing = drawn(told)
    assert drawing is not None
    assert drawing.bars
    assert drawing.changes == ("en 90% → 20%", "de 10% → 50%", "others 0% → 30%")


@pytest.mark.parametrize("told", [{}, {"kind": "number", "edges": [], "reference": [], "window": []}])
def test_nothing_is_drawn_of_nothing(told: dict[str, Any]) -> None:
    assert drawn(told) is None


shares = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@given(shares, st.data())
def test_no_line_leaves_its_box(known: list[float], data: st.DataObject) -> None:
    seen = data.draw(st.lists(st.floats(0, 1), min_size=len(known), max_size=len(known)))
    drawing = drawn({"kind": "number", "edges": [*range(len(known) + 1)], "reference": known, "window": seen})
    assert drawing is not None
    for path in (drawing.reference, drawing.window):
        points = [each.split() for each in path.strip("MZ").split("L")]
        assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in points)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.012345, "0.0123"), (12.3456, "12.3"), (-1234.5, "−1,234"), (2e12, "2e+12")]
)
def test_numbers_have_three_digits_that_count(value: float, text: str) -> None:
    assert number(value) == text
