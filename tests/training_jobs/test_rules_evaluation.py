"""Gates count samples, name their numbers, and let nothing pass that was not measured."""

from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from apps.training.rules.evaluation import (
    ALL,
    BETTER,
    NOT_WORSE,
    Judged,
    clauses_fault,
    figures,
    judge,
)
from apps.training.rules.mcnemar import exact_p

SAMPLES = st.lists(
    st.builds(
        Judged,
        st.sampled_from("ab"),
        st.sampled_from([(), ("clean",), ("clean", "loud")]),
        st.sampled_from([("image",), ("image", "sound")]),
        st.sampled_from("ab"),
        st.sampled_from("ab"),
    ),
    min_size=1,
    max_size=60,
)


def judged(won: int, lost: int, both: int = 0, *slices: str) -> list[Judged]:
    kinds = [("7", "1")] * won + [("1", "7")] * lost + [("7", "7")] * both
    return [Judged("7", slices, ("image",), mine, other) for mine, other in kinds]


@given(st.integers(0, 400), st.integers(0, 400))
def test_p_is_that_of_the_binomial_test(won: int, lost: int) -> None:
    expected = binomtest(won, won + lost).pvalue if won + lost else 1.0
    assert isclose(exact_p(won, lost), expected, rel_tol=1e-9)


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_p_is_the_same_from_both_sides_and_a_chance(won: int, lost: int) -> None:
    assert exact_p(won, lost) == exact_p(lost, won)
    assert 0 <= exact_p(won, lost) <= 1


@given(SAMPLES)
def test_every_slice_counts_the_samples_that_belong_to_it(samples: list[Judged]) -> None:
    found = {each.slice: each for each in figures(samples)}
    assert found[ALL].samples == len(samples)
    for prefix in ("class:", "inputs:"):
        assert sum(each.samples for name, each in found.items() if name.startswith(prefix)) == len(samples)
    for each in found.values():
        assert isclose(each.candidate - each.champion, each.gain, abs_tol=1e-9)


@given(SAMPLES)
def test_the_champion_beside_itself_is_never_worse(samples: list[Judged]) -> None:
    same = [Judged(s.label, s.slices, s.inputs, s.champion, s.champion) for s in samples]
    clause = {"slice": "*", "must": NOT_WORSE, "least": 1}
    assert all(verdict.passed for verdict in judge(figures(same), [clause]))


@given(SAMPLES, st.floats(0, 1), st.floats(0, 1))
def test_a_wider_margin_refuses_nothing_that_a_narrower_let_pass(
    samples: list[Judged], one: float, other: float
) -> None:
    found = figures(samples)
    narrow, wide = (
        judge(found, [{"slice": ALL, "must": NOT_WORSE, "by": by, "least": 1}])[0].passed for by in sorted((one, other))
    )
    assert wide or not narrow


def test_exactly_what_is_allowed_may_be_lost() -> None:
    clause = {"slice": ALL, "must": NOT_WORSE, "by": 0.01}
    assert judge(figures(judged(0, 2, 198)), [clause])[0].passed
    assert not judge(figures(judged(0, 3, 197)), [clause])[0].passed


def test_a_failed_gate_names_its_numbers() -> None:
    [verdict] = judge(figures(judged(1, 9, 90)), [{"slice": ALL, "must": NOT_WORSE, "by": 0.02}])
    assert verdict.reason == (
        "On 'all' (100 samples) the candidate is right on 91.0% and the champion on 99.0%: 8.00 points worse "
        "(1 won, 9 lost, McNemar p = 0.021). It may be worse by 2.00 points at most."
    )


def test_better_must_be_significant() -> None:
    clause = {"slice": "drift", "must": BETTER, "by": 0.02}
    assert judge(figures(judged(30, 5, 65, "drift")), [clause])[0].passed
    assert not judge(figures(judged(5, 1, 94, "drift")), [clause])[0].passed
    assert not judge(figures(judged(0, 0, 100, "drift")), [clause | {"by": 0.0}])[0].passed


def test_a_slice_without_samples_or_with_too_few_passes_nothing() -> None:
    found = figures(judged(10, 0, 10, "rare"))
    [few, none] = judge(found, [{"slice": "rare", "must": NOT_WORSE}, {"slice": "absent", "must": NOT_WORSE}])
    assert not few.passed and "At least 30 samples" in few.reason
    assert not none.passed and "No sample" in none.reason


def test_a_star_judges_every_slice_that_begins_so() -> None:
    verdicts = judge(figures(judged(1, 0, 50)), [{"slice": "*", "must": NOT_WORSE}])
    assert [each.slice for each in verdicts] == [ALL, "class:7", "inputs:image"]


@pytest.mark.parametrize(
    "clauses",
    [
        None,
        [],
        ["all"],
        [{"slice": "", "must": NOT_WORSE}],
        [{"slice": "s" * 201, "must": NOT_WORSE}],
        [{"slice": "\0", "must": NOT_WORSE}],
        [{"slice": "class:\ud800", "must": NOT_WORSE}],
        [{"slice": ALL, "must": "be_nice"}],
        [{"slice": ALL, "must": BETTER, "by": -1}],
        [{"slice": ALL, "must": BETTER, "level": 0}],
        [{"slice": ALL, "must": BETTER, "least": 0.5}],
        [{"slice": ALL, "must": BETTER, "more": 1}],
    ],
)
def test_clauses_that_say_nothing_clear_are_refused(clauses: object) -> None:
    assert clauses_fault(clauses)
