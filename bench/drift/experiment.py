"""How often a run alarms when nothing has changed, and how long each drift stays unseen."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np

from apps.drift.rules.profile import build
from apps.drift.rules.states import State
from apps.drift.rules.verdict import Report, Strictness, judge
from bench.drift.worlds import Population, Sample, World

REFERENCE, WINDOW, STEP = 1000, 200, 10
#: What a profile may be of where there is not much.
SMALL = (50, 100, 200)
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
class Trial:
    """Predictions from the change to each alarm, HORIZON where it did not come."""

    found: int  # ours, whatever it told
    told: int  # ours, telling the right group
    misled: bool  # whether ours told a modality that had not changed, up to then
    naive: int


def undrifted(world: World, windows: int, seed: int, sizes: Sequence[int] = (REFERENCE,)) -> Undrifted:
    """Each window is held against a reference of its own, both drawn anew from the world as it was; the references are
    of these sizes in turn."""
    random = np.random.default_rng(seed)
    least, errors = [], []
    for size in islice(cycle(sizes), windows):
        reference, window = _drawn(world.before, size, random), _drawn(world.before, WINDOW, random)
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


def trials(world: World, drift: str, limit: float, count: int, seed: int) -> list[Trial]:
    """Streams that change after the window has filled once; a run every STEP predictions, over the last WINDOW."""
    group, after = world.drifts[drift]
    random = np.random.default_rng(seed)
    return [_trial(world, group, after, limit, random) for _ in range(count)]


def _trial(world: World, group: str, after: Population, limit: float, random: np.random.Generator) -> Trial:
    reference = _drawn(world.before, REFERENCE, random)
    stream = _drawn(world.before, WINDOW, random) + _drawn(after, HORIZON, random)
    profile, alarms, told = build(reference, world.modalities), [], HORIZON
    others = _MODALITIES - {group}
    for passed in _steps():
        drifted = _drifted(judge(profile, stream[passed : passed + WINDOW], Strictness(_LEVELS[0])))
        if drifted:
            alarms.append((passed, drifted))
        if group in drifted:
            told = passed
            break
    found = alarms[0][0] if alarms else HORIZON
    misled = any(drifted & others for _, drifted in alarms)
    return Trial(found, told, misled, _naive(reference, stream, limit))


def _steps() -> range:
    return range(STEP, HORIZON + 1, STEP)


def _drifted(report: Report) -> set[str]:
    return {name for name, each in report.groups.items() if each.state is State.DRIFTED}


def _naive(reference: list[Sample], stream: list[Sample], limit: float) -> int:
    alarmed = (passed for passed in _steps() if _errors(reference, stream[passed : passed + WINDOW]) > limit)
    return next(alarmed, HORIZON)
