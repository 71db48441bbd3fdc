"""What Prometheus reads of drift, beside the fleet's figures."""

from collections.abc import Iterator

from django.db.models import Count
from prometheus_client.core import GaugeMetricFamily

from apps.drift.models import DriftRun
from apps.drift.rules.states import State
from apps.drift.selectors import groups_now


def families() -> Iterator[GaugeMetricFamily]:
    """How each group of a live revision stood by its last finished run, and the runs that are kept."""
    yield _states()
    yield _runs()


def _states() -> GaugeMetricFamily:
    """1 for the state that a group is in, 0 for the others; a deployment that was never looked at is left out."""
    family = GaugeMetricFamily(
        "quartet_drift_state", "1 for the state of the last finished run.", labels=["deployment", "group", "state"]
    )
    for deployment, group, present in groups_now():
        for state in State:
            family.add_metric([deployment, group, state.value], int(state == present))
    return family


def _runs() -> GaugeMetricFamily:
    family = GaugeMetricFamily("quartet_drift_runs", "Drift runs of the last 30 days by state.", labels=["state"])
    counts = dict(DriftRun.objects.values_list("state").annotate(Count("pk")))
    for state in DriftRun.State.values:
        family.add_metric([state], counts.get(state, 0))
    return family
