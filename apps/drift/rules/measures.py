"""One signal of a window against its reference: a test that says whether they differ, and effects that say how much."""

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass

import numpy as np

from apps.drift.rules import chi_squared, embeddings, exceedances, kolmogorov_smirnov, stability, wasserstein
from apps.drift.rules.columns import Column
from apps.drift.rules.kinds import Kind
from apps.drift.rules.reference import OTHER, Categories, Numbers, Reference, Vectors

#: What each kind's effect is counted in, and the least that is worth an alarm, however sure it is.
UNITS = {Kind.NUMBER: "deviations", Kind.CATEGORY: "share of samples", Kind.EMBEDDING: "deviations"}
LEAST = {Kind.NUMBER: 0.1, Kind.CATEGORY: 0.05, Kind.EMBEDDING: 0.1}
_SEED = 20_260_103


@dataclass(frozen=True, slots=True)
class Measure:
    """`effect` is in UNITS of the signal's kind; `psi` is told where there are bins to tell it by."""

    test: str
    statistic: float
    p: float
    effect: float
    psi: float | None = None


def measure(reference: Reference, window: Column) -> Measure:
    """Compare; the window has values of the reference's kind and dimension, at least two."""
    if isinstance(reference, Numbers):
        return _numbers(reference, window)
    return _categories(reference, window) if isinstance(reference, Categories) else _vectors(reference, window)


def _numbers(reference: Numbers, window: Column) -> Measure:
    known, seen = reference.values, window.values
    test, found = min(
        ("kolmogorov-smirnov", kolmogorov_smirnov.compare(known, seen)),
        ("exceedances", exceedances.compare(known, seen)),
        key=lambda each: each[1].p,
    )
    effect, psi = wasserstein.normalised(known, seen), stability.of_numbers(known, seen)
    return Measure(test, found.statistic, min(1.0, 2 * found.p), effect, psi)  # twice: the better of two tests


def _categories(reference: Categories, window: Column) -> Measure:
    seen = counted(reference, window)
    found = chi_squared.compare(*_sides(reference, window))
    names = sorted(reference.counts.keys() | seen.keys())
    psi = stability.of_counts(*([counts.get(name, 0) for name in names] for counts in (reference.counts, seen)))
    return Measure("chi-squared", found.statistic, found.p, chi_squared.moved(reference.counts, seen), psi)


def _vectors(reference: Vectors, window: Column) -> Measure:
    found = embeddings.compare(reference.placed, window.placed(reference.space))
    return Measure("maximum mean discrepancy", found.compared.statistic, found.compared.p, found.effect)


def counted(reference: Categories, window: Column) -> dict[str, int]:
    """How often each category came; those that the reference does not know count as one."""
    counts: Counter[str] = Counter()
    for category, count in Counter(window.values.tolist()).items():
        counts[reference.place(category)] += count
    return dict(counts)


def _sides(reference: Categories, window: Column) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """The counts as the test has to have them: what either alone has is treated alike.

    Were what only the window has put together, a reference of few samples would seem to lack what it merely had not
    met. Where the reference was cut to its commonest, which are partly so by chance, one half of it says which are
    common and the other half is compared.
    """
    seen = Counter(window.values.tolist())
    if OTHER not in reference.counts:
        return reference.counts, seen
    random = np.random.default_rng(_SEED)
    half = {name: int(random.binomial(count, 0.5)) for name, count in sorted(reference.counts.items())}
    cut = min((count for name, count in reference.counts.items() if name != OTHER), default=0)
    common = {name for name, count in half.items() if count > cut} - {OTHER}
    rest = {name: count - half[name] for name, count in reference.counts.items()}
    return _only(common, rest), _only(common, seen)


def _only(common: Set[str], counts: Mapping[str, int]) -> dict[str, int]:
    others = sum(count for name, count in counts.items() if name not in common)
    return {name: count for name, count in counts.items() if name in common} | {OTHER: others}


def constant(reference: Reference, window: Column) -> bool:
    """Whether both hold one and the same value throughout, so that there is nothing to test."""
    if isinstance(reference, Categories):
        return len(reference.counts) == 1 and counted(reference, window).keys() == reference.counts.keys()
    if isinstance(reference, Vectors):
        return _alike(reference.placed, reference.placed) and _alike(reference.placed, window.placed(reference.space))
    return _alike(reference.values, reference.values) and _alike(reference.values, window.values)


def _alike(known: np.ndarray, seen: np.ndarray) -> bool:
    return bool((seen == known[0]).all())
