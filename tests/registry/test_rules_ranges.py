"""What a Content-Range tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.registry.errors import BadRange
from apps.registry.rules.ranges import Span, span_read


@given(st.integers(0, 2**40))
def test_without_a_range_the_body_is_the_file(length: int) -> None:
    assert span_read(None, length) == Span(0, length, length)


@given(st.integers(0, 10**12), st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_range_tells_offset_length_and_total(offset: int, length: int, rest: int) -> None:
    total = offset + length + rest

    assert span_read(f"bytes {offset}-{offset + length - 1}/{total}", length) == Span(offset, length, total)


@pytest.mark.parametrize(
    ("header", "length"),
    [
        ("bytes 0-4/5", 4),
        ("bytes 0-5/5", 6),
        ("bytes 4-3/5", 0),
        ("bytes */5", 0),
        ("bytes 0-4/*", 5),
        ("bits 0-4/5", 5),
        ("bytes -1-4/5", 6),
        ("bytes ٠-4/5", 5),
        ("", 5),
        ("bytes 0-4/5" + "0" * 20, 5),
    ],
)
def test_others_are_refused(header: str, length: int) -> None:
    with pytest.raises(BadRange):
        span_read(header, length)


@given(st.text(max_size=40), st.integers(0, 100))
def test_no_header_breaks_the_reader(header: str, length: int) -> None:
    try:
        span = span_read(header, length)
    except BadRange:
        return
    assert span.offset + span.length <= span.total
