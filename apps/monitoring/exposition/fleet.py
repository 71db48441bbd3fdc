"""The fleet as it is: what runs, what it does at present, and how often it is right."""

from collections.abc import Iterator

from django.db.models import Count
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from apps.core.models import AuditEntry, OutboxEvent
from apps.deployments.models import Deployment, Node, Replica
from apps.inference.selectors import predictions_tally, predictions_waiting
from apps.monitoring.models import GatewayReport
from apps.monitoring.rules.findings import Severity
from apps.monitoring.rules.standing import left
from apps.monitoring.selectors import (
    accuracy_by_deployment,
    alerts_by_severity,
    gateways_present,
    objectives_by_name,
    present_numbers,
    seconds_behind,
)

Family = GaugeMetricFamily | CounterMetricFamily


def families() -> Iterator[Family]:
    """Everything that is no sum over what gateways counted."""
    yield from _inventory()
    yield from _traffic()
    yield from _gateways()
    yield from _predictions()
    yield from _accuracy()
    yield from _alerts()


def _inventory() -> Iterator[Family]:
    yield GaugeMetricFamily("quartet_deployments", "Deployments.", value=Deployment.objects.count())
    yield _by_state("quartet_replicas", "Replicas by state.", Replica)
    yield _by_state("quartet_nodes", "Nodes by state.", Node)
    waiting = OutboxEvent.objects.filter(done_at=None).count()
    yield GaugeMetricFamily("quartet_outbox_waiting", "Outbox events not yet told to their listeners.", value=waiting)
    newest = AuditEntry.objects.first()
    length = newest.sequence if newest else 0
    yield CounterMetricFamily("quartet_audit_entries", "Entries in the audit chain.", value=length)


def _by_state(name: str, help_text: str, model: type[Replica] | type[Node]) -> Family:
    family = GaugeMetricFamily(name, help_text, labels=["state"])
    counts = dict(model.objects.values_list("state").annotate(Count("pk")))
    for state in model.State.values:
        family.add_metric([state], counts.get(state, 0))
    return family


def _traffic() -> Iterator[Family]:
    """Rates and latencies over the last ten seconds; what is unknown is left out rather than called zero."""
    rate = GaugeMetricFamily("quartet_requests_per_second", "Requests a second over 10 s.", labels=["deployment"])
    failed = GaugeMetricFamily("quartet_failed_share", "Share failed by model or platform.", labels=["deployment"])
    latency = GaugeMetricFamily("quartet_latency_seconds", "Latency at the gateway.", labels=["deployment", "quantile"])
    names = list(Deployment.objects.values_list("name", flat=True))
    for name, numbers in present_numbers(names).items():
        _add(rate, [name], numbers.rate)
        _add(failed, [name], numbers.failed)
        for quantile, milliseconds in (("0.5", numbers.p50), ("0.95", numbers.p95), ("0.99", numbers.p99)):
            _add(latency, [name, quantile], None if milliseconds is None else milliseconds / 1000)
    yield from (rate, failed, latency)


def _gateways() -> Iterator[Family]:
    in_flight = GaugeMetricFamily("quartet_gateway_in_flight", "Requests under way.", labels=["gateway"])
    for report in gateways_present():
        in_flight.add_metric([report.gateway], report.in_flight)
    dropped = CounterMetricFamily(
        "quartet_metrics_dropped_requests", "Requests a gateway could not report.", labels=["gateway"]
    )
    lost = CounterMetricFamily("quartet_metrics_lost_entries", "Metric entries that never came.", labels=["gateway"])
    for report in GatewayReport.objects.order_by("gateway"):
        dropped.add_metric([report.gateway], report.dropped)
        lost.add_metric([report.gateway], report.lost)
    behind = GaugeMetricFamily("quartet_metrics_behind_seconds", "Age of the newest report of any gateway.")
    _add(behind, [], seconds_behind())
    yield from (in_flight, dropped, lost, behind)


def _predictions() -> Iterator[Family]:
    tally = predictions_tally()
    counts = {
        "quartet_predictions_recorded": ("Predictions in the database, each once.", tally.recorded),
        "quartet_predictions_dropped": ("Predictions not recorded: the stream was full.", tally.dropped),
        "quartet_predictions_refused": ("Predictions not recorded: no row can hold them.", tally.refused),
        "quartet_kept_inputs_dropped": (
            "Predictions whose inputs were not kept: the stream was full.",
            tally.kept_dropped,
        ),
        "quartet_feedback_expired": ("Feedback given up: its prediction never came.", tally.feedback_expired),
        "quartet_feedback_refused": ("Feedback that waited and did not fit.", tally.feedback_refused),
    }
    for name, (told, count) in counts.items():
        yield CounterMetricFamily(name, told, value=count)
    waiting = GaugeMetricFamily(
        "quartet_predictions_waiting_batches", "Batches of predictions that wait to be recorded."
    )
    _add(waiting, [], predictions_waiting())
    yield waiting


def _accuracy() -> Iterator[Family]:
    """Over the last day by the predictions' time. A deployment of which nothing was predicted is left out, and so is
    the accuracy of one of which nothing is labelled."""
    labelled = GaugeMetricFamily(
        "quartet_labelled_predictions", "Predicted samples of 24 h of known truth.", labels=["deployment"]
    )
    coverage = GaugeMetricFamily("quartet_label_coverage", "Labelled share of 24 h.", labels=["deployment"])
    accuracy = GaugeMetricFamily("quartet_accuracy", "Right share of what is labelled of 24 h.", labels=["deployment"])
    for name, tally in accuracy_by_deployment().items():
        _add(labelled, [name], tally.labelled)
        _add(coverage, [name], tally.coverage)
        _add(accuracy, [name], tally.accuracy)
    yield from (labelled, coverage, accuracy)


def _alerts() -> Iterator[Family]:
    """Open alerts of every deployment, zeros included; and budgets, where enough is known to judge."""
    alerts = GaugeMetricFamily("quartet_alerts", "Open alerts.", labels=["deployment", "severity"])
    counts = alerts_by_severity()
    names = {*Deployment.objects.values_list("name", flat=True), "", *(name for name, _ in counts)}
    for name in sorted(names):
        for severity in Severity:
            alerts.add_metric([name, severity], counts.get((name, severity), 0))
    budgets = GaugeMetricFamily(
        "quartet_error_budget_left",
        "Left of the budget: 1 is all of it.",
        labels=["deployment", "objective"],
    )
    for (name, objective), (row, standing) in sorted(objectives_by_name().items()):
        _add(budgets, [name, objective], left(standing, row.promise) if standing.heard else None)
    yield from (alerts, budgets)


def _add(family: Family, labels: list[str], value: float | None) -> None:
    if value is not None:
        family.add_metric(labels, value)
