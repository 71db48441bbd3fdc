"""What a player may ask for of a file, and gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.console.ranges import Range, Unsatisfiable, range_of


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-", Range(0, 9)),
        ("bytes=2-4", Range(2, 4)),
        ("bytes=2-99", Range(2, 9)),
        ("bytes=-3", Range(7, 9)),
        ("bytes=-99", Range(0, 9)),
        ("", None),
        ("bytes=-", None),
        ("bytes=4-2", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=٣-", None),
    ],
)
def test_one_range_is_given_and_all_else_is_the_whole(header: str, expected: Range | None) -> None:
    assert range_of(header, 10) == expected


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)])
def test_what_lies_beyond_the_end_is_refused(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        range_of(header, size)


@given(st.from_regex(r"(bytes=)?[0-9]{0,3}-[0-9]{0,3}"), st.integers(0, 200))
def test_a_range_always_lies_within_the_file(header: str, size: int) -> None:
    try:
        found = range_of(header, size)
    except Unsatisfiable:
        return
    assert found is None or 0 <= found.first <= found.last < size
