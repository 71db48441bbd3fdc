"""A candidate beside the revision that serves at the same time: is it surely no worse, surely worse, or unclear?

Every measure is the share of samples that something undesired is true of, in both arms, and a margin by which the
candidate's may be larger. The difference has an interval at 99 %, so that looking again and again seldom alarms.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from math import sqrt
from statistics import NormalDist
from typing import Any, NamedTuple, TypeVar

from apps.monitoring.rules.accuracy import wilson

T = TypeVar("T")

#: How surely an interval holds the difference.
LEVEL = 0.99
#: Labels that are held against each other: the commonest.
_LABELS = 50
_UNLABELLED = "answers without a label", "answers with a label"


class Verdict(StrEnum):
    """What the figures say; a comparison is as its gravest measure."""

    FAILED = "fail"
    INCONCLUSIVE = "inconclusive"
    PASSED = "pass"


@dataclass(frozen=True, slots=True)
class Arm:
    """What one revision did: requests, how many were refused as their callers' fault, how many failed, and of the
    answers their times and, a sample each, the labels and confidences, "" and None where it gave none; `labelled`
    samples have a known truth, `right` of them were right."""

    requests: int = 0
    refused: int = 0
    failed: int = 0
    latencies: Sequence[float] = ()  # ms
    labels: Mapping[str, int] = field(default_factory=dict)
    confidences: Sequence[float | None] = ()
    labelled: int = 0
    right: int = 0


@dataclass(frozen=True, slots=True)
class Margins:
    """By how much the candidate's share may be larger, 0 to 1; `samples` requests are needed in each arm. `failed` is
    that of the refused, too."""

    samples: int = 200
    failed: float = 0.02
    slower: float = 0.10
    unsure: float = 0.15
    labels: float = 0.15
    wrong: float = 0.05


class Share(NamedTuple):
    """`cases` of `total`."""

    cases: int
    total: int

    @property
    def value(self) -> float:
        return self.cases / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure: both shares, the difference with its interval, and the verdict with its reason."""

    name: str
    baseline: float
    candidate: float
    low: float
    high: float
    margin: float
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that was measured; `reason` names what decides."""

    verdict: Verdict
    reason: str
    baseline: int  # requests
    candidate: int
    measures: Sequence[Measured] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def compare(baseline: Arm, candidate: Arm, margins: Margins) -> Comparison:
    """The verdict on the candidate. Too few requests in an arm are inconclusive, whatever they say."""
    counts = baseline.requests, candidate.requests
    for name, count in zip(("The live revision", "The candidate"), counts, strict=True):
        if count < margins.samples:
            reason = f"{name} has answered {count} of the {margins.samples} requests that a verdict needs."
            return Comparison(Verdict.INCONCLUSIVE, reason, *counts)
    return gravest(list(_measures(baseline, candidate, margins)), *counts)


def gravest(measures: Sequence[Measured], baseline: int, candidate: int) -> Comparison:
    """The comparison of so many requests as its gravest measure decides it."""
    found = min(measures, key=lambda each: list(Verdict).index(each.verdict))
    reason = found.reason if found.verdict is not Verdict.PASSED else "It is no worse in anything measured."
    return Comparison(found.verdict, reason, baseline, candidate, measures)


def _measures(baseline: Arm, candidate: Arm, margins: Margins) -> Iterable[Measured]:
    arms = baseline, candidate
    old, new = (Share(each.failed, each.requests - each.refused) for each in arms)
    yield _measured("failed", "fails", (old, new), margins.failed)
    # Callers are dealt out to both arms alike: what one arm refuses more often is no fault of theirs.
    old, new = (Share(each.refused, each.requests) for each in arms)
    yield _measured("refused", "refuses", (old, new), margins.failed)
    if baseline.latencies and candidate.latencies:
        slow = 1.1 * quantile(baseline.latencies, 0.9)
        times = _shares(baseline.latencies, candidate.latencies, lambda each: each > slow)
        yield _measured("slower", f"takes longer than {slow:.3g} ms", times, margins.slower)
    known = [each for each in baseline.confidences if each is not None]
    if known and candidate.confidences:
        unsure = quantile(known, 0.1)
        doubts = _shares(baseline.confidences, candidate.confidences, lambda each: each is None or each < unsure)
        yield _measured("unsure", f"has none or a confidence below {unsure:.3g}", doubts, margins.unsure)
    if any(baseline.labels) and candidate.labels:
        yield _labels(baseline.labels, candidate.labels, margins.labels)
    if baseline.labelled and candidate.labelled:
        wrong = Share(baseline.labelled - baseline.right, baseline.labelled)
        now_wrong = Share(candidate.labelled - candidate.right, candidate.labelled)
        yield advisory(_measured("wrong", "is wrong", (wrong, now_wrong), margins.wrong))


def advisory(measured: Measured) -> Measured:
    """Labels come late and few: they can refuse a candidate, and lacking ones hold none up."""
    if measured.verdict is Verdict.INCONCLUSIVE and measured.high - measured.low > 2 * measured.margin:
        reason = "Too few labels to tell, which holds nothing up."
        return Measured(**{**asdict(measured), "verdict": Verdict.PASSED, "reason": reason})
    return measured


def _labels(baseline: Mapping[str, int], candidate: Mapping[str, int], margin: float) -> Measured:
    """The label whose share has moved most surely, either way; the level is divided among all (Bonferroni)."""
    totals = sum(baseline.values()), sum(candidate.values())
    both = {name: baseline.get(name, 0) + candidate.get(name, 0) for name in baseline.keys() | candidate.keys()}
    names = sorted(both, key=lambda name: (-both[name], name))[:_LABELS]
    found = []
    for name in names:
        old, new = Share(baseline.get(name, 0), totals[0]), Share(candidate.get(name, 0), totals[1])
        wider = 1 - (1 - LEVEL) / len(names)
        yes, no = (f"answers '{name[:40]}'", f"does not answer '{name[:40]}'") if name else _UNLABELLED
        more = _measured("labels", yes, (old, new), margin, wider)
        fewer = _measured("labels", no, (_rest(old), _rest(new)), margin, wider)
        found += [more, fewer]
    return min(found, key=lambda each: (list(Verdict).index(each.verdict), margin - each.low))


def _rest(share: Share) -> Share:
    return Share(share.total - share.cases, share.total)


def _measured(name: str, words: str, shares: tuple[Share, Share], margin: float, level: float = LEVEL) -> Measured:
    old, new = shares
    return told(name, words, (old.value, old.total), (new.value, new.total), difference(old, new, level), margin)


def told(
    name: str,
    words: str,
    old: tuple[float, int],
    new: tuple[float, int],
    interval: tuple[float, float],
    margin: float,
) -> Measured:
    """The measure with its verdict; `old` and `new` are shares and of how many."""
    low, high = interval
    verdict = Verdict.FAILED if low > margin else Verdict.PASSED if high <= margin else Verdict.INCONCLUSIVE
    reason = (
        f"It {words} in {new[0]:.1%} of {new[1]}, the live revision in {old[0]:.1%} of {old[1]}; "
        f"{margin:.0%} more is allowed, and it is {low:+.1%} to {high:+.1%}."
    )
    return Measured(name, old[0], new[0], low, high, margin, verdict, reason)


def difference(old: Share, new: Share, level: float = LEVEL) -> tuple[float, float]:
    """The interval of new - old at `level`; a share of nothing may be any.

    Newcombe 1998, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17,
    method 10: Wilson's intervals of both, put together.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    (old_low, old_high), (new_low, new_high) = (wilson(*each, z) if each.total else (0.0, 1.0) for each in (old, new))
    apart = new.value - old.value
    low = apart - sqrt((new.value - new_low) ** 2 + (old_high - old.value) ** 2)
    high = apart + sqrt((new_high - new.value) ** 2 + (old.value - old_low) ** 2)
    return low, high


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of them is below."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _shares(old: Sequence[T], new: Sequence[T], undesired: Callable[[T], bool]) -> tuple[Share, Share]:
    return Share(sum(map(undesired, old)), len(old)), Share(sum(map(undesired, new)), len(new))
