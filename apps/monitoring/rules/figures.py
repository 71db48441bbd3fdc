"""What people look at, worked out of counts in one place: by pages at their load, by pulses and by Prometheus."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.monitoring.rules.counts import BATCH, CONFIDENCE, QUEUE, STAGE, Counts, total
from apps.monitoring.rules.sketches import mean, quantile

#: Fields of Figures that are one value, and those that are a value by name: rates, which are 0 where a name is not
#: there, and the rest, which is unknown then.
SINGLE = ("p50", "p95", "p99", "failed", "refused")
RATES = ("rates", "inputs", "reasons")
OTHERS = ("stages", "queues", "batches", "confidence")

_CONFIDENCE = {"p10": 0.10, "p50": 0.50, "p90": 0.90}


@dataclass(frozen=True, slots=True)
class Figures:
    """Rates in requests a second, times in milliseconds, shares from 0 to 1; None is unknown, never zero.

    `requests` and `samples` are counts. `rates` are by revision, `inputs` by input, `reasons` by error code; `stages`
    tell the time that 95 % of requests spent in a step, `queues` that 95 % waited for a stage, `batches` the mean
    batch that a request was in, by name; `confidence` has p10, p50 and p90 of the samples that have one.
    """

    requests: int | None = None
    samples: int | None = None
    rate: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    failed: float | None = None
    refused: float | None = None
    rates: Mapping[int, float] = field(default_factory=dict)
    inputs: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, float] = field(default_factory=dict)
    stages: Mapping[str, float | None] = field(default_factory=dict)
    queues: Mapping[str, float | None] = field(default_factory=dict)
    batches: Mapping[str, float | None] = field(default_factory=dict)
    confidence: Mapping[str, float | None] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON; revisions become text keys."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return plain | {"rates": {str(revision): rate for revision, rate in self.rates.items()}}


def figures(by_revision: Mapping[int, Counts], seconds: float) -> Figures:
    """Of the counts of so many seconds, in which a gateway was heard."""
    every = total(by_revision.values())
    sure = every.sketches.get(CONFIDENCE)
    return Figures(
        requests=every.requests,
        samples=every.samples,
        rate=every.requests / seconds,
        p50=quantile(every.latency, 0.50),
        p95=quantile(every.latency, 0.95),
        p99=quantile(every.latency, 0.99),
        failed=share(every.failed, every.requests),
        refused=share(every.refused, every.requests),
        rates={revision: by_revision[revision].requests / seconds for revision in sorted(by_revision)},
        inputs={name: every.inputs[name] / seconds for name in sorted(every.inputs)},
        reasons={code: every.errors[code] / seconds for code in sorted(every.errors)},
        stages={name: quantile(each, 0.95) for name, each in every.of(STAGE).items()},
        queues={name: quantile(each, 0.95) for name, each in every.of(QUEUE).items()},
        batches={name: mean(each) for name, each in every.of(BATCH).items()},
        confidence={name: quantile(sure, part) for name, part in _CONFIDENCE.items()} if sure else {},
    )


def share(part: float, whole: float) -> float | None:
    """part / whole, or None where there is nothing to be a part of."""
    return part / whole if whole > 0 else None
