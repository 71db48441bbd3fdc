"""Our own counters, by deployment and revision; revision 0 is what failed before one was chosen.

A gateway's own /metrics has the like under other names (quartet_requests, ...), so that whoever reads both counts
nothing twice.
"""

from collections.abc import Iterable, Iterator
from math import isinf

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from apps.monitoring.exposition.counted import Counted
from apps.monitoring.rules.counts import LATENCY, STAGE
from apps.monitoring.rules.totals import cumulative, named

_PLACE = ["deployment", "revision"]
#: Name of a counter by stage -> what it tells, and its kind in rules/totals.py.
_BY_STAGE = {
    "quartet_deployment_stage_requests": ("Requests that passed the stage.", "passed"),
    "quartet_deployment_stage_queued_seconds": ("Time that requests waited for the stage.", "queued"),
    "quartet_deployment_stage_busy_seconds": ("Time of the batches that requests were in.", "busy"),
    "quartet_deployment_stage_batches": ("Batches, each request counting its share.", "batches"),
}


def families(revisions: Iterable[Counted]) -> Iterator[Metric]:
    """Everything that gateways counted, by our own names."""
    every = list(revisions)
    yield from _requests(every)
    yield _latency(every)
    yield _steps(every)
    for name, (told, kind) in _BY_STAGE.items():
        family = CounterMetricFamily(name, told, labels=[*_PLACE, "stage"])
        for each in every:
            for stage, number in named(each.totals, kind).items():
                family.add_metric([each.deployment, str(each.revision), stage], number)
        yield family


def histogram(each: Counted, sketch: str) -> list[tuple[str, float]]:
    """Cumulative counts by upper bound in seconds."""
    told = cumulative(each.totals, sketch)
    return [("+Inf" if isinf(ms) else f"{ms / 1000:.4g}", count) for ms, count in told]


def _requests(every: list[Counted]) -> Iterator[Metric]:
    requests = CounterMetricFamily("quartet_deployment_requests", "Requests that ended.", labels=_PLACE)
    errors = CounterMetricFamily("quartet_deployment_errors", "Requests that failed.", labels=[*_PLACE, "code"])
    samples = CounterMetricFamily("quartet_deployment_samples", "Samples of answered requests.", labels=_PLACE)
    for each in every:
        place = [each.deployment, str(each.revision)]
        requests.add_metric(place, each.totals.get("requests", 0))
        samples.add_metric(place, each.totals.get("samples", 0))
        for code, count in each.errors.items():
            errors.add_metric([*place, code], count)
    yield from (requests, errors, samples)


def _latency(every: list[Counted]) -> Metric:
    told = "Time to answer at the gateway, without errors."
    family = HistogramMetricFamily("quartet_deployment_request_seconds", told, labels=_PLACE)
    for each in every:
        buckets = histogram(each, LATENCY)
        family.add_metric([each.deployment, str(each.revision)], buckets, each.totals.get("seconds", 0))
    return family


def _steps(every: list[Counted]) -> Metric:
    told = "Time that a step took of the batch that a request was in."
    family = HistogramMetricFamily("quartet_deployment_step_seconds", told, labels=[*_PLACE, "step"])
    for each in every:
        for step, seconds in named(each.totals, "step").items():
            buckets = histogram(each, STAGE + step)
            family.add_metric([each.deployment, str(each.revision), step], buckets, seconds)
    return family
