"""Compressed bodies: all that was sent comes out, and never more than the limit."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.serving.errors import BadRequest, BodyTooLarge, ServingError
from workers.serving.http.compression import MAX_MEMBERS, WINDOW_BITS, fold, unfold, wanted


@given(st.binary(max_size=5000), st.sampled_from(sorted(WINDOW_BITS)))
def test_what_is_folded_unfolds_to_the_same(body, coding):
    assert unfold(fold(body, coding), coding, 5000) == body


@pytest.mark.parametrize("accept", [b"", b"gzip, deflate", b"br", b"identity", b"*"])
def test_an_answer_is_folded_only_for_who_asks_for_one_coding(accept):
    assert wanted(accept) is None
    assert wanted(b" GZIP ") == b"gzip"


EMPTY = gzip.compress(b"")


@given(st.lists(st.binary(max_size=50_000), min_size=1, max_size=4))
def test_every_member_of_a_gzip_is_part_of_the_body(members):
    assert unfold(b"".join(map(gzip.compress, members)), b"gzip", 200_000) == b"".join(members)


@given(st.binary(max_size=1000))
def test_deflate_is_taken_too(plain):
    assert unfold(bytearray(zlib.compress(plain)), b"deflate", 1000) == plain


@pytest.mark.parametrize("members", [1, 2])
def test_the_limit_holds_for_all_members_together(members):
    body = gzip.compress(b"a" * (1000 // members)) * members
    assert len(unfold(body, b"gzip", 1000)) == 1000
    with pytest.raises(BodyTooLarge):
        unfold(body, b"gzip", 999)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"", b"gzip"),
        (EMPTY[:-1], b"gzip"),
        (EMPTY + b"\0", b"gzip"),
        (EMPTY + EMPTY[:-1], b"gzip"),
        (EMPTY * (MAX_MEMBERS + 1), b"gzip"),
        (zlib.compress(b"a") + b"junk", b"deflate"),
        (zlib.compress(b"a") * 2, b"deflate"),
    ],
    ids=["nothing", "cut short", "junk", "half a member", "too many members", "junk", "two of them"],
)
def test_what_is_not_whole_or_is_followed_by_something_else_is_refused(body, encoding):
    with pytest.raises(BadRequest):
        unfold(body, encoding, 1000)


@given(st.binary(max_size=100))
def test_no_bytes_are_the_platforms_fault(tail):
    for raw in (tail, EMPTY + tail):
        try:
            unfold(raw, b"gzip", 1000)
        except ServingError as error:
            assert error.fault == "caller"
