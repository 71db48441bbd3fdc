"""The same counts by the names of Triton, KServe and MLServer where they mean the same, so that boards made for those
work here. A deployment is what they call a model. What they have and is not here (caches, GPUs, explainers) is left
out.

Triton: docs/user_guide/metrics.md of triton-inference-server. KServe: python/kserve/kserve/metrics.py. MLServer:
docs/user-guide/metrics.md.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from apps.inference.selectors import requests_waiting
from apps.monitoring.exposition.counted import Counted
from apps.monitoring.exposition.totals import histogram
from apps.monitoring.rules.counts import STAGE
from apps.monitoring.rules.totals import added, named
from apps.registry.rules.stages import POSTPROCESS, PREDICT, PREPROCESS

#: Triton's reasons for a failure, and which of our codes are which; every other code is OTHER.
_REASONS = {
    "REJECTED": {"too_busy", "not_ready", "queue_full", "queue_away", "deadline_passed"},
    "CANCELED": {"client_gone", "own_deadline_passed", "request_cancelled"},
    "BACKEND": {"model_failed", "model_output_wrong", "model_crashed"},
}
_MODEL = ["model", "version"]

Number = Callable[[Counted], float]


def families(revisions: Iterable[Counted]) -> Iterator[Metric]:
    """Of what a revision was chosen for: what is refused before, the others do not count as a model's either."""
    versions = _by_version(each for each in revisions if each.version)
    for name, (told, number) in _TRITON.items():
        yield _counter(name, told, ((each, {}, number(each)) for each in versions))
    told = "Requests that failed, by reason."
    reasons = ((each, {"reason": reason}, count) for each in versions for reason, count in _reasons(each).items())
    yield _counter("nv_inference_request_failure", told, reasons)
    yield _pending()
    yield from _mlserver(versions)
    yield from _kserve(versions)


def _by_version(revisions: Iterable[Counted]) -> list[Counted]:
    """Revisions of the same version of a deployment as one."""
    found: dict[tuple[str, str], Counted] = {}
    for each in revisions:
        place = each.deployment, each.version
        before = found.get(place)
        totals = added(before.totals, each.totals) if before else each.totals
        found[place] = Counted(each.deployment, each.revision, totals, each.version, each.hooks)
    return list(found.values())


def _counter(name: str, told: str, samples: Iterable[tuple[Counted, dict[str, str], float]]) -> Metric:
    """A counter whose name is spelt as Triton does, without `_total`."""
    family = Metric(name, told, "unknown")
    for each, labels, value in samples:
        family.add_sample(name, {"model": each.deployment, "version": each.version} | labels, value)
    return family


def _executions(each: Counted) -> float:
    """Batches of the stage that made most of them; of a request that passed several stages each made its own."""
    return max(named(each.totals, "batches").values(), default=each.answered)


def _compute(hook: str) -> Number:
    return lambda each: 1e6 * sum(each.totals.get(f"step/{step}", 0) for step in each.steps(hook))


_TRITON: dict[str, tuple[str, Number]] = {
    "nv_inference_request_success": ("Requests that were answered.", lambda each: each.answered),
    "nv_inference_count": ("Samples that were answered.", lambda each: each.totals.get("samples", 0)),
    "nv_inference_exec_count": ("Batches that were computed.", _executions),
    "nv_inference_request_duration_us": (
        "Time from request to answer, summed.",
        lambda each: 1e6 * each.totals.get("seconds", 0),
    ),
    "nv_inference_queue_duration_us": (
        "Time that requests waited for replicas, summed.",
        lambda each: 1e6 * sum(named(each.totals, "queued").values()),
    ),
    "nv_inference_compute_input_duration_us": ("Time in preprocess, summed.", _compute(PREPROCESS)),
    "nv_inference_compute_infer_duration_us": ("Time in predict, summed.", _compute(PREDICT)),
    "nv_inference_compute_output_duration_us": ("Time in postprocess, summed.", _compute(POSTPROCESS)),
}


def _reasons(each: Counted) -> dict[str, float]:
    found = dict.fromkeys([*_REASONS, "OTHER"], 0.0)
    for code, count in each.errors.items():
        found[next((reason for reason, codes in _REASONS.items() if code in codes), "OTHER")] += count
    return found


def _pending() -> Metric:
    """Nothing where Valkey does not say."""
    family = GaugeMetricFamily("nv_inference_pending_request_count", "Requests that wait for a replica.", labels=_MODEL)
    for (deployment, version), waiting in requests_waiting().items():
        family.add_metric([deployment, version], waiting)
    return family


def _mlserver(versions: list[Counted]) -> Iterator[Metric]:
    success = CounterMetricFamily("model_infer_request_success", "Requests that were answered.", labels=_MODEL)
    failure = CounterMetricFamily("model_infer_request_failure", "Requests that failed.", labels=_MODEL)
    for each in versions:
        success.add_metric([each.deployment, each.version], each.answered)
        failure.add_metric([each.deployment, each.version], sum(each.errors.values()))
    yield from (success, failure)


def _kserve(versions: list[Counted]) -> Iterator[Metric]:
    """Of deployments with one step of the kind: what a request spent in several together was not counted."""
    for hook in (PREPROCESS, PREDICT, POSTPROCESS):
        sums: defaultdict[str, float] = defaultdict(float)
        counts: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for each in versions:
            if len(steps := each.steps(hook)) == 1:
                sums[each.deployment] += each.totals.get(f"step/{steps[0]}", 0)
                buckets = histogram(each, STAGE + steps[0])
                counts[each.deployment] = added(counts[each.deployment], dict(buckets))
        family = HistogramMetricFamily(f"request_{hook}_seconds", f"Time in {hook}.", labels=["model_name"])
        for deployment, buckets_by_bound in counts.items():
            family.add_metric([deployment], list(buckets_by_bound.items()), sums[deployment])
        yield family
