"""A profile is bounded, comes back from JSON as it was, and is refused in words when it is another's."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.drift.errors import ProfileMalformed, ProfileUnknownSchema
from apps.drift.rules.profile import SCHEMA, ReferenceProfile, build
from apps.drift.rules.reference import MOST_CATEGORIES, OTHER, Categories, Numbers, Vectors
from apps.drift.rules.verdict import judge

RANDOM = np.random.default_rng(0)
VALUES = st.one_of(
    st.floats(), st.text(max_size=5), st.integers(), st.booleans(), st.none(), st.lists(st.floats(width=32), max_size=3)
)
SAMPLES = st.lists(st.dictionaries(st.sampled_from(["a.x", "a.y", "b.z", "prediction"]), VALUES), max_size=30)


def samples(count: int = 300) -> list[dict[str, Any]]:
    return [
        {"a.x": float(RANDOM.normal()), "a.embedding": RANDOM.normal(size=100), "prediction": str(place % 3)}
        for place in range(count)
    ]


def told(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(build(samples(50), {"a": "image"}).to_json())
    return whole | changes


@given(SAMPLES)
def test_any_samples_make_a_profile_that_comes_back_as_it_was(found: list[dict[str, Any]]) -> None:
    written = build(found, {"a": "image", "b": "text"}).to_json()
    assert ReferenceProfile.from_json(written).to_json() == written


def test_the_verdict_is_the_same_with_the_profile_that_came_back() -> None:
    profile, window = build(samples(), {"a": "image"}), samples(100)
    assert judge(ReferenceProfile.from_json(profile.to_json()), window) == judge(profile, window)


def test_a_long_reference_is_kept_bounded() -> None:
    profile = build(samples(5000), {"a": "image"})
    numbers, vectors = profile.signals["a.x"], profile.signals["a.embedding"]
    assert isinstance(numbers, Numbers) and isinstance(vectors, Vectors)
    assert (numbers.count, len(numbers.values)) == (5000, 2000)
    assert vectors.placed.shape == (1000, 64)
    assert len(profile.to_json()) < 500_000


def test_more_categories_than_are_kept_are_counted_together() -> None:
    found = build([{"prediction": str(place)} for place in range(1500)], {}).signals["prediction"]
    assert isinstance(found, Categories)
    assert len(found.counts) == MOST_CATEGORIES + 1
    assert found.counts[OTHER] == 500


def test_a_label_told_as_a_whole_number_is_a_class_and_not_an_amount() -> None:
    assert isinstance(build([{"prediction": 7}], {}).signals["prediction"], Categories)
    assert isinstance(build([{"prediction": 7.5}], {}).signals["prediction"], Numbers)


def test_no_samples_make_an_empty_profile() -> None:
    assert build([], {"a": "image"}).signals == {}


@pytest.mark.parametrize("schema", [SCHEMA + 1, 0, "1", None])
def test_another_schema_is_refused_in_words(schema: object) -> None:
    with pytest.raises(ProfileUnknownSchema, match=f"of schema {schema}; this release reads {SCHEMA}") as raised:
        ReferenceProfile.from_json(json.dumps(told(schema=schema)))
    assert "anew" in raised.value.remedy


@pytest.mark.parametrize("text", ["", "[]", "{", "NaN", b"\xff"])
def test_what_is_no_profile_is_refused(text: str | bytes) -> None:
    with pytest.raises(ProfileMalformed):
        ReferenceProfile.from_json(text)


@pytest.mark.parametrize(
    "change",
    [
        {"samples": "many"},
        {"modalities": []},
        {"signals": None},
        {"signals": {"a.x": {"kind": "smell", "count": 1}}},
        {"signals": {"a.x": {"kind": "number", "count": 2, "values": [1.0, float("nan")]}}},
        {"signals": {"a.x": {"kind": "number", "count": 0, "values": []}}},
        {"signals": {"a.x": {"kind": "number", "count": 1, "values": [1.0, 2.0]}}},
        {"signals": {"a.x": {"kind": "category", "count": 3, "counts": {"a": 4}}}},
        {"signals": {"a.x": {"kind": "category", "count": 0, "counts": {}}}},
        {
            "signals": {
                "a.e": {"kind": "embedding", "count": 1, "dimension": 1, "mean": [0], "deviation": [0], "placed": ""}
            }
        },
        {
            "signals": {
                "a.e": {"kind": "embedding", "count": 1, "dimension": 1, "mean": [0], "deviation": [1], "placed": "!"}
            }
        },
        {"signals": {"a.x": {"kind": "category", "count": 1, "counts": {"\ud800": 1}}}},
        {"signals": {"a.\0": {"kind": "category", "count": 1, "counts": {"a": 1}}}},
        {"modalities": {"a": "\udfff"}},
    ],
)
def test_a_damaged_profile_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ProfileMalformed):
        ReferenceProfile.from_json(json.dumps(told(**change)))
