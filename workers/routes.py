"""The whole wiring on one screen: read this to know how the loop closes.

Each event name leads to its listeners, as dotted paths that are imported when a worker starts. A listener takes
`event_id` and the event's fields, and may be called more than once with the same id.
"""

from collections.abc import Callable
from typing import Any

from django.utils.module_loading import import_string

Listener = Callable[..., Any]

ROUTES: dict[str, list[str]] = {
    "webhooks.endpoint_changed": ["apps.inference.services.routing_publish"],
    "registry.version_registered": ["apps.drift.services.reference_read"],
    "registry.alias_moved": [],
    "registry.alias_requested": ["apps.approvals.services.alias_request_open"],
    "registry.alias_request_void": ["apps.approvals.services.alias_request_void"],
    "registry.version_corrupted": [
        "apps.deployments.services.version_corrupted",
        "apps.approvals.services.requests_recheck",
    ],
    "datasets.version_frozen": [],
    "deployments.rollout_requested": ["apps.approvals.services.request_open"],
    "deployments.revision_superseded": ["apps.approvals.services.request_void"],
    "deployments.input_muted": ["apps.inference.services.routing_publish"],
    "deployments.input_unmuted": ["apps.inference.services.routing_publish"],
    "approvals.granted": ["apps.deployments.services.rollout_start", "apps.registry.services.alias_granted"],
    "approvals.rejected": ["apps.deployments.services.revision_reject", "apps.registry.services.alias_rejected"],
    "approvals.lapsed": ["apps.deployments.services.revision_lapse", "apps.registry.services.alias_lapsed"],
    "deployments.replica_placed": ["workers.dispatch.replica_start"],
    "deployments.routing_changed": ["apps.inference.services.routing_publish"],
    "monitoring.alert_told": ["apps.monitoring.services.alert_tell"],
    "training.job_requested": ["workers.dispatch.jobs_offer"],
    "training.job_offered": ["workers.dispatch.job_start"],
    "training.job_ended": ["apps.training.services.job_over"],
    "training.candidate_passed": [
        "apps.training.services.candidate_passed",
        "apps.approvals.services.requests_recheck",
    ],
    "training.candidate_refused": [
        "apps.training.services.candidate_refused",
        "apps.approvals.services.requests_recheck",
    ],
    "training.retraining_ended": ["apps.monitoring.services.retraining_ended"],
    "training.retrain_policy_removed": ["apps.monitoring.services.retraining_dropped"],
    "inference.key_changed": ["apps.inference.services.routing_publish"],
    "drift.run_finished": ["apps.drift.services.muting.inputs_follow_drift"],
    "drift.found": ["apps.monitoring.services.drift_found", "apps.training.services.drift_heard"],
    "drift.healed": ["apps.monitoring.services.drift_healed", "apps.training.services.drift_over"],
    "drift.report_requested": ["workers.dispatch.drift_report_make"],
}


def listeners() -> dict[str, list[Listener]]:
    """ROUTES with every path imported; a wrong one raises here, at start-up, and not when its event comes."""
    return {name: [import_string(path) for path in paths] for name, paths in ROUTES.items()}
