"""When must a page fetch itself anew? Its topic's version is a short text that changes with what the page shows.

The ingest process works the versions out each second and puts them into every pulse, so a page that missed a pulse
learns it from the next one. Outbox events could tell of changes sooner, but replicas and nodes change state without
one, and a lost channel message would stay lost.
"""

import hashlib
from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.db.models import Max, Q, QuerySet

from apps.console.selectors.retraining import trigger_facts
from apps.console.selectors.training import job_facts
from apps.console.topics import FLEET, deployment_topic, job_topic
from apps.core.clock import now
from apps.core.models import AuditEntry
from apps.deployments.models import Deployment, Node, Replica, Revision, Rollout, StageScale
from apps.deployments.selectors import mutings_open
from apps.drift.models import DriftReport, DriftRun
from apps.monitoring.selectors import alerts_open, labels_lately

#: A node's free memory makes a new version only in steps of this share of its total: bars need no more.
_MEMORY_STEPS = 20
#: What ended longer ago is no news; that it falls out of here makes pages look once more, for nothing.
_RECENT = timedelta(minutes=30)
#: States a revision leaves again. The others are final: reaching one shows by its absence from these.
_CURRENT = ("requested", "approved", "starting", "live", "retiring")


def page_versions() -> dict[str, str]:
    """Topic -> version, for the fleet, every deployment and every training job on its way."""
    facts = _deployment_facts()
    last_entry = AuditEntry.objects.aggregate(last=Max("sequence"))["last"]
    alerts = _alert_facts()
    names = _names()
    labels = labels_lately([name for _, name in names])
    versions = {deployment_topic(name): _digest([facts[pk], alerts.get(name), labels.get(name)]) for pk, name in names}
    versions |= {job_topic(pk): _digest(seen) for pk, seen in job_facts().items()}
    return versions | {FLEET: _digest([last_entry, _node_facts(), sorted(facts.items())])}


def _names() -> list[tuple[int, str]]:
    return list(Deployment.objects.values_list("pk", "name"))


def _deployment_facts() -> defaultdict[int, list[Any]]:
    """Deployment id -> states of everything its page shows, in a fixed order."""
    facts: defaultdict[int, list[Any]] = defaultdict(list)
    current = Revision.objects.filter(state__in=_CURRENT)
    rollouts = Rollout.objects.filter(state__in=Rollout.OPEN_STATES)
    active = Replica.objects.filter(state__in=Replica.ACTIVE_STATES)
    scales = StageScale.objects.filter(stage__in=active.values("stage")) | StageScale.objects.filter(desired=0)
    sources = (
        Deployment.objects.order_by("pk").values_list("pk", "live_revision_id", "next_number"),
        current.order_by("pk").values_list("deployment_id", "number", "state", "state_reason"),
        rollouts.order_by("pk").values_list(
            "deployment_id", "pk", "state", "moved_at", "step", "paused_at", "comparison"
        ),
        active.order_by("pk").values_list("stage__revision__deployment_id", "pk", "state", "memory_bytes"),
        scales.order_by("pk").values_list("stage__revision__deployment_id", "pk", "desired", "reason"),
        mutings_open().values_list("deployment_id", "pk", "input"),
        _drift_runs(),
        _drift_reports(),
        trigger_facts(),
    )
    for source in sources:
        for deployment_id, *rest in source:
            facts[deployment_id].append(rest)
    return facts


def _drift_runs() -> QuerySet[DriftRun, Any]:
    """Those under way, and those whose end may be news to somebody."""
    runs = DriftRun.objects.filter(Q(state__in=DriftRun.OPEN_STATES) | Q(finished_at__gte=now() - _RECENT))
    return runs.order_by("pk").values_list("deployment_id", "pk", "state", "verdict")


def _drift_reports() -> QuerySet[DriftReport, Any]:
    """Those that somebody may wait for."""
    reports = DriftReport.objects.filter(requested_at__gte=now() - _RECENT).order_by("pk")
    return reports.values_list("run__deployment_id", "ticket", "state")


def _alert_facts() -> dict[str, list[Any]]:
    """Deployment name -> what is open of it. The fleet's version has it from the audit trail."""
    facts: dict[str, list[Any]] = {}
    for name, *rest in alerts_open().values_list("deployment", "pk", "severity", "acknowledged_by"):
        facts.setdefault(name, []).append(rest)
    return facts


def _node_facts() -> list[Any]:
    nodes = Node.objects.order_by("pk")
    return [
        (node.name, node.state, str(node.incarnation), node.memory_free * _MEMORY_STEPS // max(1, node.memory_total))
        for node in nodes
    ]


def _digest(facts: Any) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:12]
