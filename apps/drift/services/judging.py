"""What a run is for: read its window, judge it, and put the verdict in rows. Loads numpy, and scipy to test.

Nothing is written here: whoever holds the run's lease writes it all at once.
"""

import gc
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from apps.deployments.models import Revision
from apps.drift.models import DriftGroup, DriftResult, DriftRun
from apps.drift.rules.columns import Column
from apps.drift.rules.distribution import distribution
from apps.drift.rules.driving import Driving
from apps.drift.rules.profile import ReferenceProfile
from apps.drift.rules.verdict import GroupVerdict, SignalVerdict, Strictness, columns_of, judge
from apps.drift.selectors.window import Seen, Wanted, window_read

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run found, ready to be written."""

    verdict: str
    after: datetime
    predictions: int
    looked_at: int
    kept: int
    groups: list[DriftGroup]
    results: list[DriftResult]


def outcome_of(run: DriftRun, revision: Revision) -> Outcome:
    """Raises ProfileUnknownSchema or ProfileMalformed."""
    with _uncollected():
        return _outcome(run, revision)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the cyclic collector: it would go through a window's millions of values again and again, a third of a
    run's time, and none of them refers in a circle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _outcome(run: DriftRun, revision: Revision) -> Outcome:
    began = time.perf_counter()
    profile = ReferenceProfile.from_json(run.profile.content)
    seen = window_read(Wanted(revision, run.before, run.window, run.window_hours, run.after), profile.modalities)
    read = time.perf_counter()
    samples, ids = seen.window.samples, seen.window.ids()
    columns = columns_of(profile, samples)
    report = judge(profile, samples, Strictness(level=run.level), ids, columns)
    outcome = Outcome(
        report.state.value,
        seen.after,
        seen.predictions,
        seen.looked_at,
        seen.kept,
        [_group(run, name, each, seen) for name, each in report.groups.items()],
        [_result(run, each, profile, columns) for each in report.signals.values()],
    )
    took = {"read_seconds": round(read - began, 3), "judge_seconds": round(time.perf_counter() - read, 3)}
    log.info("window judged", run=run.pk, samples=len(samples), **took)
    return outcome


def _group(run: DriftRun, name: str, verdict: GroupVerdict, seen: Seen) -> DriftGroup:
    driving = [_driving(each, seen) for each in verdict.driving]
    return DriftGroup(run=run, name=name, state=verdict.state.value, reason=verdict.reason, driving=driving)


def _driving(driving: Driving, seen: Seen) -> dict[str, Any]:
    prediction, _, place = str(driving.sample).rpartition(":")
    return {
        "prediction": prediction,
        "sample": int(place),
        "score": round(driving.score, 4),
        "signals": {name: float(f"{share:.4g}") for name, share in driving.signals.items()},
        "assets": dict(seen.assets.get((UUID(prediction), int(place)), {})),
    }


def _result(
    run: DriftRun, verdict: SignalVerdict, profile: ReferenceProfile, columns: Mapping[str, Column]
) -> DriftResult:
    measure = verdict.measure
    known = profile.signals.get(verdict.name)
    return DriftResult(
        run=run,
        group=verdict.group,
        name=verdict.name,
        state=verdict.state.value,
        reason=verdict.reason,
        test=measure.test if measure else "",
        statistic=_finite(measure.statistic if measure else None),
        p=_finite(measure.p if measure else None),
        corrected=_finite(verdict.corrected),
        effect=_finite(measure.effect if measure else None),
        psi=_finite(measure.psi if measure else None),
        unit=verdict.unit,
        window=verdict.window,
        reference=verdict.reference,
        wrong=verdict.wrong,
        distribution=distribution(known, columns[verdict.name]) if known is not None else {},
    )


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
