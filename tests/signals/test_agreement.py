"""The distance between two answers of a model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from workers.signals.agreement import agreement, distance, jensen_shannon

ELEMENTS = st.just(0.0) | st.floats(1e-6, 1e6)
SCORES = hnp.arrays(np.float64, 5, elements=ELEMENTS).filter(lambda scores: scores.sum() > 0)


@given(SCORES, SCORES)
def test_the_distance_is_symmetric_and_from_nought_to_one(one: np.ndarray, other: np.ndarray) -> None:
    there, back = jensen_shannon(one, other), jensen_shannon(other, one)
    assert there is not None and back is not None
    assert 0 <= there <= 1
    assert there == pytest.approx(back, abs=1e-7)


@given(SCORES, SCORES, SCORES)
def test_it_is_a_metric(one: np.ndarray, other: np.ndarray, third: np.ndarray) -> None:
    first, second, way = (jensen_shannon(*pair) for pair in ((one, other), (other, third), (one, third)))
    assert first is not None and second is not None and way is not None
    assert way <= first + second + 1e-6


@given(SCORES, st.floats(0.01, 100))
def test_only_the_shares_of_the_scores_count(scores: np.ndarray, factor: float) -> None:
    assert jensen_shannon(scores, scores * factor) == pytest.approx(0, abs=1e-6)


def test_answers_without_anything_in_common_are_one_apart() -> None:
    assert distance([1.0, 0.0], [0.0, 1.0]) == 1.0


def test_labels_agree_or_do_not() -> None:
    assert (distance("cat", "cat"), distance("cat", "dog"), distance(3, 3)) == (0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [([1.0], [0.5, 0.5]), ([0.0], [1.0]), ([-1.0, 2.0], [1.0, 1.0]), ([np.nan, 1.0], [1.0, 1.0]), ("cat", [1.0])],
)
def test_what_cannot_be_compared_has_no_distance(one: object, other: object) -> None:
    assert distance(one, other) is None  # type: ignore[arg-type]


def test_what_is_seen_is_held_against_what_is_heard() -> None:
    told = agreement([0.5, 0.5], {"image": [0.0, 1.0], "sound": [1.0, 0.0]})
    assert told.keys() == {"image.agreement", "sound.agreement", "agreement"}
    assert told["agreement"] == 1.0
    assert told["image.agreement"] == pytest.approx(told["sound.agreement"])


def test_with_one_input_there_is_nothing_to_hold_it_against() -> None:
    assert agreement("cat", {"image": "dog"}) == {"image.agreement": 1.0}
