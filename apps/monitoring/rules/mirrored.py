"""A candidate that was asked the same as the live revision: is it surely no worse, surely worse, or unclear?

As side_by_side.py, but input by input: what both did is of one request, or one sample, so the interval of the
difference goes by the pairs, and needs fewer of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from math import sqrt
from statistics import NormalDist, fmean
from typing import Any

from apps.monitoring.rules.accuracy import wilson
from apps.monitoring.rules.side_by_side import LEVEL, Comparison, Measured, Verdict, advisory, gravest, quantile, told


@dataclass(frozen=True, slots=True)
class Pair:
    """One request that both were asked. `live` and `candidate` hold, a sample each, label and confidence, where the
    models give them; `truths` what was true, by sample, where somebody said so. `error`: the candidate's code."""

    error: str = ""
    live_ms: float = 0.0
    candidate_ms: float = 0.0
    live_labels: Sequence[str] = ()
    candidate_labels: Sequence[str] = ()
    live_confidences: Sequence[float | None] = ()
    candidate_confidences: Sequence[float | None] = ()
    truths: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True, slots=True)
class PairMargins:
    """By how much the candidate's share may be larger, 0 to 1; `samples` pairs are needed."""

    samples: int = 200
    failed: float = 0.02
    slower: float = 0.10
    unsure: float = 0.15
    differs: float = 0.15
    wrong: float = 0.05


def compare_pairs(pairs: Sequence[Pair], margins: PairMargins) -> Comparison:
    """The verdict on the candidate. Too few pairs are inconclusive, whatever they say."""
    count = len(pairs)
    if count < margins.samples:
        reason = f"{count} mirrored requests were compared of the {margins.samples} that a verdict needs."
        return Comparison(Verdict.INCONCLUSIVE, reason, count, count)
    return gravest(list(_measures(pairs, margins)), count, count)


def figures(pairs: Sequence[Pair]) -> dict[str, Any]:
    """What is told besides the measures: pairs, failures of the candidate, the share of samples with the same label and
    the mean difference of confidences, candidate less live; None where there is none."""
    same = [old == new for old, new in _labels(pairs)]
    shifts = [new - old for old, new in _confidences(pairs) if old is not None and new is not None]
    return {
        "compared": len(pairs),
        "failed": sum(bool(each.error) for each in pairs),
        "agreement": fmean(same) if same else None,
        "confidence_shift": fmean(shifts) if shifts else None,
    }


def _measures(pairs: Sequence[Pair], margins: PairMargins) -> Iterator[Measured]:
    yield _measured("failed", "fails", [(False, bool(each.error)) for each in pairs], margins.failed)
    times = [(each.live_ms, each.candidate_ms) for each in pairs if not each.error]
    if times:
        slow = 1.1 * quantile([old for old, _ in times], 0.9)
        late = [(old > slow, new > slow) for old, new in times]
        yield _measured("slower", f"takes longer than {slow:.3g} ms", late, margins.slower)
    sure = list(_confidences(pairs))
    if known := [old for old, _ in sure if old is not None]:
        unsure = quantile(known, 0.1)
        doubts = [(old is None or old < unsure, new is None or new < unsure) for old, new in sure]
        yield _measured("unsure", f"has none or a confidence below {unsure:.3g}", doubts, margins.unsure)
    if labels := list(_labels(pairs)):
        others = [(False, old != new) for old, new in labels]
        yield _measured("differs", "answers with another label", others, margins.differs)
    if told_true := list(_known(pairs)):
        wrong = [(old != truth, new != truth) for old, new, truth in told_true]
        yield advisory(_measured("wrong", "is wrong", wrong, margins.wrong))


def _labels(pairs: Iterable[Pair]) -> Iterator[tuple[str, str]]:
    """The live revision's and the candidate's, a sample each; "" where the candidate, which has answered, gave none."""
    for each in pairs:
        if not each.error:
            yield from zip(each.live_labels, chain(each.candidate_labels, repeat("")), strict=False)


def _confidences(pairs: Iterable[Pair]) -> Iterator[tuple[float | None, float | None]]:
    """Likewise, None where one gave none."""
    for each in pairs:
        if not each.error:
            yield from zip(each.live_confidences, chain(each.candidate_confidences, repeat(None)), strict=False)


def _known(pairs: Iterable[Pair]) -> Iterator[tuple[str, str, str]]:
    for each in pairs:
        both = list(_labels([each]))
        for sample, truth in each.truths:
            if sample < len(both):
                yield *both[sample], truth


def _measured(name: str, words: str, cases: Sequence[tuple[bool, bool]], margin: float) -> Measured:
    total = len(cases)
    old, new = sum(old for old, _ in cases) / total, sum(new for _, new in cases) / total
    return told(name, words, (old, total), (new, total), paired_difference(cases), margin)


def paired_difference(cases: Sequence[tuple[bool, bool]], level: float = LEVEL) -> tuple[float, float]:
    """The interval of new - old over pairs (old, new), of which there is at least one.

    Newcombe 1998, "Improved confidence intervals for the difference between binomial proportions based on paired data",
    Statistics in Medicine 17, method 10: Wilson's intervals of both, put together by how far they go with each other.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    total = len(cases)
    both, fresh = sum(o and n for o, n in cases), sum(n and not o for o, n in cases)
    gone = sum(o and not n for o, n in cases)
    neither = total - both - fresh - gone
    old, new = (both + gone) / total, (both + fresh) / total
    (old_low, old_high), (new_low, new_high) = wilson(both + gone, total, z), wilson(both + fresh, total, z)
    together = _together(both, fresh, gone, neither)
    down = _apart(new - new_low, old_high - old, together)
    up = _apart(new_high - new, old - old_low, together)
    return new - old - down, new - old + up


def _together(both: int, fresh: int, gone: int, neither: int) -> float:
    """Phi of the fourfold table, with the correction for continuity that the method has; 0 where a margin is empty."""
    margins = (both + fresh) * (gone + neither) * (both + gone) * (fresh + neither)
    if not margins:
        return 0.0
    product: float = both * neither - fresh * gone
    if product > 0:
        product = max(0.0, product - (both + fresh + gone + neither) / 2)
    return product / sqrt(margins)


def _apart(one: float, other: float, together: float) -> float:
    return sqrt(max(0.0, one**2 - 2 * together * one * other + other**2))
