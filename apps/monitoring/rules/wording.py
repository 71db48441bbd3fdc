"""Findings in words: what is wrong, how bad, why as far as known, whose fault and what to do."""

from collections.abc import Mapping

from apps.monitoring.rules.accuracy import Tally
from apps.monitoring.rules.burn import Pair, Sum, burn, severity, worst
from apps.monitoring.rules.counts import MODEL_FAULTS
from apps.monitoring.rules.findings import Finding, Severity
from apps.monitoring.rules.objectives import AVAILABILITY, Promise

_LENGTHS = {3600: "the last hour", 21_600: "the last 6 hours", 259_200: "the last 3 days"}


def burning(
    deployment: str, promise: Promise, places: tuple[int, ...], long: Sum, left: float | None, codes: Mapping[str, int]
) -> Finding:
    """An objective over requests burns: `places` of PAIRS fire, `long` is the long window of the worst of them.

    `codes` are the failures since it began to matter, by error code, the most frequent first.
    """
    pair = worst(places)
    fault = _fault(codes) if promise.kind == AVAILABILITY else "model"
    return Finding(
        rule=promise.kind,
        deployment=deployment,
        group=promise.name,
        severity=severity(places),
        title=f"{deployment} burns its {_named(promise)} objective",
        text=" ".join(filter(None, [_how_bad(promise, pair, long), _mostly(promise, codes), _budget(left)])),
        fault=fault,
        remedy=_remedy(promise, fault),
    )


def missed(deployment: str, promise: Promise, day: Tally, period: Tally) -> Finding:
    """An accuracy objective is surely missed, over the last day or over the period."""
    worse = day if day.labelled >= promise.least and _rate(day) <= _rate(period) else period
    over = "the last 24 hours" if worse is day else f"the last {promise.days} days"
    low, high = worse.interval or (0.0, 1.0)
    return Finding(
        rule=promise.kind,
        deployment=deployment,
        group=promise.name,
        title=f"{deployment} misses its accuracy objective",
        text=(
            f"{_share(_rate(worse))} of {worse.labelled:,} labelled predictions of {over} were right ({_share(low)} to "
            f"{_share(high)} at 95 %); the objective is {_share(promise.target)}. {_share(worse.coverage or 0)} of its "
            "predictions are labelled."
        ),
        fault="model",
        remedy="Look which modality has drifted and what the wrong ones share; roll back if a rollout began it.",
    )


def drifted(deployment: str, revision: int, group: str, why: str) -> Finding:
    """A drift run found something that is not as it was."""
    return Finding(
        rule="drift",
        deployment=deployment,
        group=group,
        title=f"{deployment}: {group} has drifted",
        text=f"Met by revision {revision}: {why}.",
        fault="caller",
        remedy="Look at the samples that drive it: what comes in differs from what the model was made with.",
    )


def records_lost(name: str, words: str, count: int) -> Finding:
    """A counter of what could not be written down has risen."""
    return Finding(
        rule="records",
        group=name,
        title=f"{words} are lost",
        text=f"{count:,} since then. Serving goes on; the figures over predictions miss them.",
        fault="operator",
        remedy="See that the records process and PostgreSQL run; QUARTET_RECORD_SPOOL may hold longer outages.",
    )


def silence() -> Finding:
    """Deployments are live, and nobody counts their requests."""
    return Finding(
        rule="silence",
        severity=Severity.PAGE,
        title="No gateway is heard",
        text="Traffic, errors and latency of every deployment are unknown.",
        fault="platform",
        remedy="See that a gateway and the ingest process run, and that they reach Valkey.",
    )


def _named(promise: Promise) -> str:
    return promise.kind if promise.within_ms is None else f"latency ({promise.within_ms} ms)"


def _how_bad(promise: Promise, pair: Pair, long: Sum) -> str:
    rate = burn(long, promise.target) or 0.0
    bad = "failed" if promise.kind == AVAILABILITY else f"took longer than {promise.within_ms} ms"
    return (
        f"{_share(long.bad / max(1, long.total))} of {long.total:,} requests of {_LENGTHS[pair.long]} {bad}: "
        f"{rate:.3g} times what {_share(promise.target)} allows."
    )


def _mostly(promise: Promise, codes: Mapping[str, int]) -> str:
    if promise.kind != AVAILABILITY or not codes:
        return ""
    code, count = next(iter(codes.items()))
    return f"Mostly {code} ({count:,} of {sum(codes.values()):,})."


def _budget(left: float | None) -> str:
    if left is None:
        return ""
    return f"{_share(left)} of the budget is left." if left > 0 else "No budget is left."


def _fault(codes: Mapping[str, int]) -> str:
    """Whose most of the failures are; nobody's where nothing is known."""
    if not codes:
        return ""
    of_model = sum(count for code, count in codes.items() if code in MODEL_FAULTS)
    return "model" if of_model * 2 >= sum(codes.values()) else "platform"


def _remedy(promise: Promise, fault: str) -> str:
    if promise.kind != AVAILABILITY:
        return "Look which stage takes the time, add replicas, or roll back if a rollout began it."
    if fault == "model":
        return "Roll back if a rollout began it; else give the replica's log to the model's owner."
    return "Look whether replicas are ready and requests queue: add replicas, or see to Valkey and the nodes."


def _share(value: float) -> str:
    return f"{value * 100:.3g} %"


def _rate(tally: Tally) -> float:
    return tally.accuracy if tally.accuracy is not None else 1.0
