"""Corrected chances are never smaller, keep their order, and hold the promise of their method."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.drift.rules.correction import benjamini_hochberg, holm

PS = st.lists(st.floats(0, 1), max_size=30)


@pytest.mark.parametrize("correct", [holm, benjamini_hochberg])
@given(ps=PS)
def test_corrected_chances_are_no_smaller_no_larger_than_one_and_in_the_same_order(correct, ps) -> None:  # type: ignore[no-untyped-def]
    corrected = correct(ps)
    assert len(corrected) == len(ps)
    assert all(p <= after <= 1 for p, after in zip(ps, corrected, strict=True))
    pairs = sorted(zip(ps, corrected, strict=True))
    assert [after for _, after in pairs] == sorted(corrected)


@given(PS)
def test_holm_lies_between_benjamini_hochberg_and_bonferroni(ps: list[float]) -> None:
    for p, weak, strong in zip(ps, benjamini_hochberg(ps), holm(ps), strict=True):
        assert weak <= strong + 1e-12
        assert strong <= min(1.0, p * len(ps)) + 1e-12


@given(st.permutations([0.001, 0.01, 0.02, 0.2, 0.9]))
def test_the_order_of_the_tests_does_not_matter(ps: list[float]) -> None:
    for correct in (holm, benjamini_hochberg):
        assert sorted(correct(ps)) == correct(sorted(ps))


def test_known_values() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
