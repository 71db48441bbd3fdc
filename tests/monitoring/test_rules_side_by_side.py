"""A candidate is refused where it is surely worse, let on where it is surely not, and otherwise waited for."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.monitoring.rules.side_by_side import Arm, Comparison, Margins, Share, Verdict, compare, difference

MARGINS = Margins(samples=100)
WELL = Arm(
    requests=1000,
    failed=1,
    latencies=[float(n % 50) + 5 for n in range(1000)],
    labels={"cat": 500, "dog": 500},
    confidences=[0.5 + (n % 50) / 100 for n in range(1000)],
    labelled=400,
    right=380,
)


def verdict(**changes: object) -> Comparison:
    return compare(WELL, replace(WELL, **changes), MARGINS)  # type: ignore[arg-type]


def of(found: Comparison, name: str) -> Verdict:
    return next(each.verdict for each in found.measures if each.name == name)


def test_the_same_passes() -> None:
    assert verdict().verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("measure", "changes"),
    [
        ("failed", {"failed": 80}),
        ("refused", {"refused": 80}),
        ("slower", {"latencies": [2 * each for each in WELL.latencies]}),
        ("unsure", {"confidences": [each - 0.2 for each in WELL.confidences]}),
        ("unsure", {"confidences": [None] * 1000}),
        ("unsure", {"confidences": [None, *WELL.confidences[:2]] * 300}),
        ("labels", {"labels": {"cat": 900, "dog": 100}}),
        ("labels", {"labels": {"": 1000}}),
        ("labels", {"labels": {"cat": 500, "horse": 500}}),
        ("wrong", {"right": 300}),
    ],
)
def test_what_is_surely_worse_fails_and_says_in_what(measure: str, changes: dict[str, object]) -> None:
    found = verdict(**changes)
    assert (found.verdict, of(found, measure)) == (Verdict.FAILED, Verdict.FAILED)
    assert next(each.reason for each in found.measures if each.name == measure) == found.reason


@pytest.mark.parametrize(
    "changes",
    [{"latencies": [each / 2 for each in WELL.latencies]}, {"right": 400}, {"failed": 0}, {"confidences": [0.99] * 9}],
)
def test_what_is_better_never_fails(changes: dict[str, object]) -> None:
    assert verdict(**changes).verdict is not Verdict.FAILED


def test_too_few_requests_are_unclear_whatever_they_say() -> None:
    found = verdict(requests=99, failed=99)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "99 of the 100" in found.reason


def test_an_idle_baseline_is_unclear_and_named() -> None:
    found = compare(Arm(), WELL, MARGINS)
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "The live revision has answered 0" in found.reason


def test_a_difference_that_the_numbers_cannot_tell_from_the_margin_is_unclear() -> None:
    assert of(verdict(failed=25), "failed") is Verdict.INCONCLUSIVE


def test_a_handful_of_labels_holds_nothing_up() -> None:
    assert of(compare(WELL, replace(WELL, labelled=5, right=4), MARGINS), "wrong") is Verdict.PASSED


def test_a_model_without_labels_is_measured_by_what_it_has() -> None:
    bare = Arm(requests=500, failed=0, latencies=[5.0] * 500)
    found = compare(bare, bare, MARGINS)
    assert (found.verdict, {each.name for each in found.measures}) == (Verdict.PASSED, {"failed", "refused", "slower"})


def test_samples_without_a_confidence_that_the_live_one_has_as_well_pass() -> None:
    gaps = replace(WELL, confidences=[None if n % 4 else 0.9 for n in range(1000)], labels={"": 250, "cat": 750})
    assert compare(gaps, gaps, MARGINS).verdict is Verdict.PASSED


def test_two_that_refuse_everything_have_shown_nothing() -> None:
    refusing = Arm(requests=1000, refused=1000)
    assert of(compare(refusing, refusing, MARGINS), "failed") is Verdict.INCONCLUSIVE


arms = st.builds(
    lambda requests, failed, spread: Arm(
        requests=requests, failed=min(failed, requests), latencies=[float(n % spread) for n in range(requests)]
    ),
    requests=st.integers(100, 600),
    failed=st.integers(0, 300),
    spread=st.integers(1, 60),
)


@given(arms)
def test_nothing_is_worse_than_itself(arm: Arm) -> None:
    assert compare(arm, arm, MARGINS).verdict is not Verdict.FAILED


@given(arms, arms, st.integers(1, 50))
def test_one_more_failure_never_makes_a_candidate_better(baseline: Arm, candidate: Arm, more: int) -> None:
    worse = replace(candidate, failed=min(candidate.requests, candidate.failed + more))
    order = list(Verdict)
    found, after = (of(compare(baseline, each, MARGINS), "failed") for each in (candidate, worse))
    assert order.index(after) <= order.index(found)


@given(st.integers(0, 300), st.integers(1, 300), st.integers(0, 300), st.integers(1, 300))
def test_an_interval_holds_the_difference_and_mirrors(a: int, m: int, b: int, n: int) -> None:
    old, new = Share(min(a, m), m), Share(min(b, n), n)
    low, high = difference(old, new)
    assert -1 - 1e-9 <= low <= new.value - old.value + 1e-9
    assert new.value - old.value - 1e-9 <= high <= 1 + 1e-9
    assert difference(new, old) == pytest.approx((-high, -low))
