"""GET /metrics: the accounts and gauges in Prometheus' form, computed when asked and costing requests nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from workers.serving import sketch
from workers.serving.accounts import Accounts, Row

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

#: Buckets up to which requests are told: from a millisecond to two minutes, each about twice the one before.
_BOUNDS = range(0, 35 * 18, 35)


@dataclass(slots=True)
class Gauges:
    """What the gateway is at this moment."""

    in_flight: int
    waiting: int  # requests sent to a stream and not answered
    bytes_held: int
    snapshot: int
    snapshots_refused: int
    dropped: int
    queues: dict[str, int]  # entries by stage stream, waiting or in progress
    mirrors: Mapping[tuple[str, int, str], int] = field(default_factory=dict)  # by deployment, revision and fate


class _Collector:
    def __init__(self, accounts: Accounts, gauges: Gauges) -> None:
        self._accounts = accounts
        self._gauges = gauges

    def collect(self) -> Iterable[Metric]:
        yield from _requests(self._accounts)
        yield from _gauges(self._gauges)


def page(accounts: Accounts, gauges: Gauges) -> bytes:
    """The page as it is now."""
    registry = CollectorRegistry()
    registry.register(_Collector(accounts, gauges))
    return generate_latest(registry)


def _requests(accounts: Accounts) -> Iterable[Metric]:
    where = ["deployment", "revision"]
    requests = CounterMetricFamily("quartet_requests", "Requests answered, with outputs or an error.", labels=where)
    errors = CounterMetricFamily("quartet_errors", "Requests answered with an error.", labels=[*where, "code"])
    latency = HistogramMetricFamily("quartet_request_seconds", "Time to answer, without errors.", labels=where)
    muted = CounterMetricFamily(
        "quartet_muted_inputs", "Answered requests that brought a muted input.", labels=[*where, "input"]
    )
    for (deployment, revision), row in accounts.totals().items():
        place = [deployment, str(revision)]
        requests.add_metric(place, row.requests)
        for code, count in row.errors.items():
            errors.add_metric([*place, code], count)
        latency.add_metric(place, _buckets(row), row.good_seconds)
        for name, count in row.muted.items():
            muted.add_metric([*place, name], count)
    refused = CounterMetricFamily("quartet_refused", "Requests without a right or a deployment.", labels=["code"])
    for code, count in accounts.refused.items():
        refused.add_metric([code], count)
    return requests, errors, latency, muted, refused, *_stages(accounts)


def _stages(accounts: Accounts) -> Iterable[Metric]:
    """Sums by stage; divided by each other they give the mean wait, the mean batch's time and the mean batch."""
    where = ["deployment", "revision", "stage"]
    samples = CounterMetricFamily("quartet_stage_requests", "Requests that passed the stage.", labels=where)
    queued = CounterMetricFamily("quartet_stage_queued_seconds", "Time in the stage's stream.", labels=where)
    busy = CounterMetricFamily("quartet_stage_busy_seconds", "Time of the batches requests were in.", labels=where)
    batches = CounterMetricFamily("quartet_stage_batches", "Batches, each request counting its share.", labels=where)
    for (deployment, revision), row in accounts.totals().items():
        for stage, figures in row.stages.items():
            place = [deployment, str(revision), stage]
            samples.add_metric(place, figures.requests)
            queued.add_metric(place, figures.queued_seconds)
            busy.add_metric(place, figures.busy_seconds)
            batches.add_metric(place, figures.batches)
    return samples, queued, busy, batches


def _buckets(row: Row) -> list[tuple[str, float]]:
    """Cumulative counts by upper bound in seconds, exact: the bounds are bounds of the sketch's own buckets."""
    counts = [(bound, sum(count for key, count in row.latency.items() if key <= bound)) for bound in _BOUNDS]
    buckets = [(f"{sketch.upper(bound) / 1000:.4g}", float(count)) for bound, count in counts]
    return [*buckets, ("+Inf", float(sum(row.latency.values())))]


def _gauges(now: Gauges) -> Iterable[Metric]:
    queues = GaugeMetricFamily("quartet_queue_depth", "Requests in a stage's stream.", labels=["stream"])
    for stream, depth in now.queues.items():
        queues.add_metric([stream], depth)
    mirrors = CounterMetricFamily(
        "quartet_mirrors", "Requests mirrored to a revision in the shadow.", labels=["deployment", "revision", "fate"]
    )
    for (deployment, revision, fate), count in now.mirrors.items():
        mirrors.add_metric([deployment, str(revision), fate], count)
    return (
        queues,
        mirrors,
        GaugeMetricFamily("quartet_in_flight", "Requests inside the gateway.", now.in_flight),
        GaugeMetricFamily("quartet_waiting", "Requests handed to a stream and not answered.", now.waiting),
        GaugeMetricFamily(
            "quartet_bytes_held", "Bytes held of request bodies and of answers not yet taken.", now.bytes_held
        ),
        GaugeMetricFamily("quartet_snapshot_number", "The routing snapshot in use.", now.snapshot),
        CounterMetricFamily("quartet_snapshots_refused", "Routing snapshots not taken.", now.snapshots_refused),
        CounterMetricFamily("quartet_metrics_dropped", "Requests whose measurement was dropped.", now.dropped),
    )
