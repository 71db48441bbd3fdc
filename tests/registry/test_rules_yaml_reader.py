"""model.yaml is read as plain data."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from apps.registry.errors import BadManifest
from apps.registry.rules.yaml_reader import yaml_read

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=10)


@given(st.dictionaries(TEXTS, st.integers() | st.booleans() | TEXTS | st.lists(TEXTS, max_size=3), max_size=4))
def test_plain_data_comes_back_as_it_was_written(data: dict[str, object]) -> None:
    assert yaml_read(json.dumps(data, ensure_ascii=False).encode()) == data
    assert yaml_read(yaml.safe_dump(data).encode()) == data


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"a: &x 1", "line 1: anchors and aliases"),
        (b"a: 1\nb: *x", "line 2: anchors and aliases"),
        (b"a: 1\nb: 2\na: 3", "line 3: the key 'a' is given twice"),
        (b"x: {a: 1, a: 2}", "the key 'a' is given twice"),
        (b"? [a]\n: 1", "a key must be a plain word"),
        (b"a: !!python/object/apply:os.system [ls]", "line 1: could not determine a constructor"),
        (b"a: !!python/name:os.system", "could not determine a constructor"),
        (b'a: "\\0"', "control characters"),
        (b'a: "\\ud800"', "control characters"),
        (b"a: [", "line 1"),
        (b"a: 1\n---\nb: 2", "another document"),
        (b"- a", "must be a mapping"),
        (b"", "must be a mapping"),
        (b"\xff", "not UTF-8"),
        (b"\x00", "cannot be read"),
        (b"a: " + b"[" * 1000, "nested more than 20 levels"),
        (b"a: " + b"9" * 5000, "cannot be read"),
        (b"#" * 300_000, "longer than 256 KiB"),
    ],
)
def test_others_are_refused_with_the_line(raw: bytes, reason: str) -> None:
    with pytest.raises(BadManifest, match=reason):
        yaml_read(raw)


@given(st.binary(max_size=200) | st.text("ab:-[]{}&*!|>'\"#? \n0.", max_size=60).map(str.encode))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    try:
        assert isinstance(yaml_read(raw), dict)
    except BadManifest as error:
        assert error.message.startswith("model.yaml")
