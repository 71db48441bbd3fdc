"""Sparklines."""

from hypothesis import given
from hypothesis import strategies as st

from apps.console.drawing import spark_path

values = st.lists(st.none() | st.floats(0, 1e9), min_size=2, max_size=60)


def test_nothing_known_draws_nothing() -> None:
    assert spark_path([None, None]) == ""
    assert spark_path([]) == ""


def test_a_gap_lifts_the_pen() -> None:
    assert spark_path([1, 1, None, 1, 1], width=40, height=10, inset=0) == "M0.0 0.0L10.0 0.0M30.0 0.0L40.0 0.0"


def test_all_zero_lies_on_the_ground() -> None:
    assert spark_path([0, 0], width=10, height=10, inset=0) == "M0.0 10.0L10.0 10.0"


@given(values)
def test_every_known_point_is_drawn_inside_the_box(line: list[float | None]) -> None:
    path = spark_path(line, width=110, height=26)
    points = [step.split(" ") for step in path.replace("M", "L").split("L") if step]
    assert len(points) == sum(value is not None for value in line)
    assert all(0 <= float(x) <= 110 and 0 <= float(y) <= 26 for x, y in points)
