"""How often a run alarms when nothing has changed, and how long each drift stays unseen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from apps.drift.rules.profile import build
from apps.drift.rules.verdict import Report, State, Strictness, judge
from bench.drift.worlds import Population, Sample, World

REFERENCE, WINDOW, STEP = 1000, 200, 25
#: Predictions after the change at which a trial gives up.
HORIZON = 500
_LEVELS = (0.05, 0.01)
_MODALITIES = {"text", "image", "audio", "video"}


@dataclass(frozen=True, slots=True)
class Undrifted:
    """Share of runs that alarmed at 0.05 and at 0.01, and the naive alarm's limit (in standard errors) for 0.05."""

    alarms: tuple[float, float]
    limit: float


@dataclass(frozen=True, slots=True)
class Found:
    """Predictions from the change to the alarm, a trial each, HORIZON where none came; `named` is the share of trials

    in which the first alarm told the right group and no modality that had not changed.
    """

    ours: list[int]
    naive: list[int]
    named: float


def undrifted(world: World, windows: int, seed: int) -> Undrifted:
    """Each window is held against a reference of its own, both drawn anew from the world as it was."""
    random = np.random.default_rng(seed)
    least, errors = [], []
    for _ in range(windows):
        reference, window = _drawn(world.before, REFERENCE, random), _drawn(world.before, WINDOW, random)
        report = judge(build(reference, world.modalities), window)
        least.append(_least(report))
        errors.append(_errors(reference, window))
    alarms = tuple(float(np.mean(np.array(least) <= level)) for level in _LEVELS)
    return Undrifted((alarms[0], alarms[1]), float(np.quantile(errors, 1 - _LEVELS[0])))


def _least(report: Report) -> float:
    """The level from which on this run would alarm: the least corrected p of what differs enough to matter."""
    kept = [each for each in report.signals.values() if each.corrected is not None and "too little" not in each.reason]
    return min((each.corrected for each in kept if each.corrected is not None), default=1.0)


def _drawn(population: Population, count: int, random: np.random.Generator) -> list[Sample]:
    return [population.samples[place] for place in random.integers(0, len(population.samples), count)]


def _errors(reference: Sequence[Sample], window: Sequence[Sample]) -> float:
    """The naive alarm: how many standard errors the mean confidence is from the reference's."""
    known, now = (np.array([each["confidence"] for each in samples]) for samples in (reference, window))
    error = known.std(ddof=1) * np.sqrt(1 / len(known) + 1 / len(now))
    return float(abs(now.mean() - known.mean()) / error) if error > 0 else 0.0


def found(world: World, drift: str, limit: float, trials: int, seed: int) -> Found:
    """Streams that change after the window has filled once; a run every STEP predictions, over the last WINDOW."""
    group, after = world.drifts[drift]
    random = np.random.default_rng(seed)
    ours, naive, named = [], [], 0
    for _ in range(trials):
        reference = _drawn(world.before, REFERENCE, random)
        stream = _drawn(world.before, WINDOW, random) + _drawn(after, HORIZON, random)
        when, report = _ours(world, reference, stream)
        ours.append(when)
        naive.append(_naive(reference, stream, limit))
        named += report is not None and _told(report, group)
    return Found(ours, naive, named / trials)


def _ours(world: World, reference: list[Sample], stream: list[Sample]) -> tuple[int, Report | None]:
    profile = build(reference, world.modalities)
    for passed in range(STEP, HORIZON + 1, STEP):
        report = judge(profile, stream[passed : passed + WINDOW], Strictness(_LEVELS[0]))
        if report.state is State.DRIFTED:
            return passed, report
    return HORIZON, None


def _naive(reference: list[Sample], stream: list[Sample], limit: float) -> int:
    for passed in range(STEP, HORIZON + 1, STEP):
        if _errors(reference, stream[passed : passed + WINDOW]) > limit:
            return passed
    return HORIZON


def _told(report: Report, group: str) -> bool:
    drifted = {name for name, each in report.groups.items() if each.state is State.DRIFTED}
    return group in drifted and not (drifted & _MODALITIES - {group})
