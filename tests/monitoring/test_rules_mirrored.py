"""Asked the same, a candidate is refused where it is surely worse, let on where it is surely not, else waited for."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.monitoring.rules.mirrored import Pair, PairMargins, compare_pairs, figures, paired_difference
from apps.monitoring.rules.side_by_side import Comparison, Share, Verdict, difference

MARGINS = PairMargins(samples=100)
CASES = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=200)


def pair(number: int, **changes: object) -> Pair:
    sure, label = [0.5 + (number % 50) / 100], ["cat" if number % 2 else "dog"]
    same = Pair("", 5.0 + number % 50, 5.0 + number % 50, label, label, sure, sure, [(0, label[0])])
    return replace(same, **changes)  # type: ignore[arg-type]


def compared(*changed: dict[str, object], every: int = 1, count: int = 1000) -> Comparison:
    [changes] = changed or ({},)
    return compare_pairs([pair(n, **changes) if n % every == 0 else pair(n) for n in range(count)], MARGINS)


def of(found: Comparison, name: str) -> Verdict:
    return next(each.verdict for each in found.measures if each.name == name)


def test_the_same_answers_pass() -> None:
    found = compared()
    assert found.verdict is Verdict.PASSED
    assert [each.name for each in found.measures] == ["failed", "slower", "unsure", "differs", "wrong"]


@pytest.mark.parametrize(
    ("measure", "changes"),
    [
        ("failed", {"error": "model_failed"}),
        ("slower", {"candidate_ms": 500.0}),
        ("unsure", {"candidate_confidences": [0.1]}),
        ("unsure", {"candidate_confidences": []}),
        ("unsure", {"candidate_confidences": [None]}),
        ("differs", {"candidate_labels": ["horse"], "truths": []}),
        ("differs", {"candidate_labels": [], "truths": []}),
    ],
)
def test_what_is_surely_worse_fails_and_says_in_what(measure: str, changes: dict[str, object]) -> None:
    found = compared(changes, every=3)
    assert (found.verdict, of(found, measure)) == (Verdict.FAILED, Verdict.FAILED)
    assert found.reason == next(each.reason for each in found.measures if each.name == measure)


def test_more_wrong_answers_fail_even_where_they_may_differ() -> None:
    pairs = [pair(n, candidate_labels=["horse"]) if n % 3 == 0 else pair(n) for n in range(1000)]
    found = compare_pairs(pairs, replace(MARGINS, differs=1.0))
    assert (found.verdict, of(found, "wrong"), of(found, "differs")) == (Verdict.FAILED, Verdict.FAILED, Verdict.PASSED)


def test_a_few_labels_hold_nothing_up() -> None:
    pairs = [pair(n, truths=[(0, "dog")] if n == 2 else []) for n in range(1000)]
    assert compare_pairs(pairs, MARGINS).verdict is Verdict.PASSED


def test_too_few_pairs_are_unclear_whatever_they_say() -> None:
    found = compared({"error": "model_failed"}, count=99)
    assert (found.verdict, found.measures) == (Verdict.INCONCLUSIVE, ())


def test_pairs_without_a_recorded_live_answer_tell_times_and_failures_alone() -> None:
    pairs = [pair(n, live_labels=[], live_confidences=[]) for n in range(1000)]
    assert [each.name for each in compare_pairs(pairs, MARGINS).measures] == ["failed", "slower"]


def test_agreement_and_the_shift_of_confidence_are_told() -> None:
    pairs = [pair(n, candidate_confidences=[pair(n).live_confidences[0] - 0.1]) for n in range(40)]  # type: ignore[operator]
    told = figures([*pairs, *[pair(n, candidate_labels=["horse"]) for n in range(40)]])
    assert (told["compared"], told["failed"], told["agreement"]) == (80, 0, 0.5)
    assert told["confidence_shift"] == pytest.approx(-0.05)


def test_nothing_compared_tells_no_agreement() -> None:
    assert figures([]) == {"compared": 0, "failed": 0, "agreement": None, "confidence_shift": None}


@given(CASES)
def test_the_interval_holds_what_was_seen_and_stays_within_what_can_be(cases: list[tuple[bool, bool]]) -> None:
    low, high = paired_difference(cases)
    seen = sum(new - old for old, new in cases) / len(cases)
    assert -1 - 1e-9 <= low <= seen + 1e-9
    assert seen - 1e-9 <= high <= 1 + 1e-9


@given(CASES)
def test_the_other_way_round_it_is_the_same_with_the_sign_changed(cases: list[tuple[bool, bool]]) -> None:
    low, high = paired_difference(cases)
    again = paired_difference([(new, old) for old, new in cases])
    assert again == pytest.approx((-high, -low))


def test_pairs_that_go_together_are_surer_than_as_many_apart() -> None:
    cases = [(n % 4 == 0, n % 4 == 0) for n in range(400)]
    low, high = paired_difference(cases)
    apart = difference(Share(100, 400), Share(100, 400))
    assert high - low < (apart[1] - apart[0]) / 2
