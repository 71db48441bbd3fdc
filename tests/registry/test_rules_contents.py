"""Bytes are looked at, whatever the file is called."""

import bz2
import gzip
import json
import lzma
import pickle
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.registry.errors import BadContents, PickleRefused
from apps.registry.rules.contents import HEAD, Member, Probe, contents_check, pickle_reason
from apps.registry.rules.safetensors_header import header_fault
from tests.registry.artifact import safetensors

DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.binary(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
PACKERS = [bytes, gzip.compress, zlib.compress, bz2.compress, lzma.compress]


class Harmful:
    def __init__(self, data: Any) -> None:
        self.data = data

    def __reduce__(self) -> tuple[Any, ...]:
        return print, (self.data,)


@given(DATA, st.integers(2, 5), st.sampled_from(PACKERS))
def test_every_binary_pickle_is_found_also_when_compressed(data: Any, protocol: int, pack: Any) -> None:
    assert pickle_reason(pack(pickle.dumps(data, protocol))[:HEAD])


@given(DATA, st.integers(0, 5), st.sampled_from(PACKERS))
def test_every_pickle_that_runs_something_is_found(data: Any, protocol: int, pack: Any) -> None:
    assert pickle_reason(pack(pickle.dumps(Harmful(data), protocol))[:HEAD])


@given(DATA, st.integers(2, 5))
def test_every_pickle_that_runs_something_is_found_without_its_header(data: Any, protocol: int) -> None:
    assert pickle_reason(pickle.dumps([Harmful(data)] * 2, protocol)[2:])


def test_a_pickle_that_runs_something_and_goes_on_past_what_is_looked_at_is_found() -> None:
    assert pickle_reason(pickle.dumps([Harmful(1), "x" * 2 * HEAD], protocol=0)[:HEAD])


def test_a_pickle_that_runs_something_and_then_breaks_is_found() -> None:
    assert pickle_reason(b"cos\nsystem\n(S'ls'\ntR\xff\xff\xff")


@given(st.text(max_size=300))
def test_json_is_never_taken_for_a_pickle(text: str) -> None:
    assert pickle_reason(json.dumps({"text": text}).encode()) is None


#: All but `c`, with which a pickle refers to code: a list may begin with any word that does not begin so.
WORDS = st.text("abcdefghijklmnopqrstuvwxyzRQS", min_size=1, max_size=8)


@given(WORDS.filter(lambda word: word[0] != "c"), st.lists(WORDS, max_size=30))
def test_a_list_of_words_is_not_taken_for_a_pickle(first: str, more: list[str]) -> None:
    assert pickle_reason("\n".join([first, *more]).encode()) is None


@pytest.mark.parametrize(
    "text", ["c\nQ\nc\nQ\nR", "hacb\nb\nR", "qahacb\nb\nR", "cat\ndog\nfish", "cb\n\ncb\nb\nR", "p0\ng0\ncb\nb\nR"]
)
def test_text_at_which_an_unpickler_would_stumble_is_not_taken_for_a_pickle(text: str) -> None:
    assert pickle_reason(text.encode()) is None


def test_a_pickle_that_recalls_what_it_remembered_is_found() -> None:
    assert pickle_reason(b"cos\nsystem\np0\n0g0\n(S'ls'\ntR.")


@given(st.binary(max_size=500))
def test_no_bytes_break_the_check(content: bytes) -> None:
    for path in ("a.bin", "a.safetensors", "a.zip"):
        try:
            contents_check(Probe(path, len(content), content, (Member("a", content),)))
        except BadContents as error:
            assert error.remedy


@given(st.lists(st.floats(width=32), max_size=20).map(tuple))
def test_a_whole_safetensors_file_is_taken(values: tuple[float, ...]) -> None:
    whole = safetensors(values)

    assert header_fault(whole, len(whole)) is None


@given(st.integers(0, len(safetensors()) - 1))
def test_a_cut_safetensors_file_is_refused(length: int) -> None:
    assert header_fault(safetensors()[:length], length)


def test_a_stretched_safetensors_file_is_refused() -> None:
    assert header_fault(safetensors() + b"x", len(safetensors()) + 1) == "its tensors take 8 bytes and 9 are there"


HEADERS = {
    "not JSON": b"{]",
    "no mapping": b"[1]",
    "no tensors": b'{"a": 1}',
    "unknown type": b'{"a": {"dtype": "F7", "shape": [1], "data_offsets": [0, 4]}}',
    "wrong size": b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}',
    "a gap": b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}',
    "deep": b'{"a":' + b"[" * 100_000,
}


@pytest.mark.parametrize("kind", HEADERS)
def test_a_safetensors_header_that_makes_no_sense_is_refused(kind: str) -> None:
    whole = len(HEADERS[kind]).to_bytes(8, "little") + HEADERS[kind] + b"1234"

    assert header_fault(whole, len(whole))


def test_metadata_in_a_safetensors_header_is_taken() -> None:
    header = b'{"__metadata__": {"format": "pt"}}'

    assert header_fault(len(header).to_bytes(8, "little") + header, 8 + len(header)) is None


def test_the_remedy_names_safetensors() -> None:
    with pytest.raises(PickleRefused, match="runs any code its author put in") as raised:
        contents_check(Probe("model.pt", 3, b"abc"))
    assert "safetensors" in raised.value.remedy
