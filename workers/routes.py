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
    "registry.version_registered": [],
    "registry.alias_moved": [],
    "datasets.version_frozen": [],
    "registry.version_corrupted": ["apps.deployments.services.version_corrupted"],
    "deployments.rollout_requested": ["apps.approvals.services.request_open"],
    "deployments.revision_superseded": ["apps.approvals.services.request_void"],
    "approvals.granted": ["apps.deployments.services.rollout_start"],
    "approvals.rejected": ["apps.deployments.services.revision_reject"],
    "deployments.replica_placed": ["workers.dispatch.replica_start"],
    "deployments.routing_changed": ["apps.inference.services.routing_publish"],
    "training.job_requested": ["workers.dispatch.jobs_offer"],
    "training.job_offered": ["workers.dispatch.job_start"],
    "training.job_ended": [],
    "training.candidate_passed": [],
    "training.candidate_refused": [],
    "inference.key_changed": ["apps.inference.services.routing_publish"],
}


def listeners() -> dict[str, list[Listener]]:
    """ROUTES with every path imported; a wrong one raises here, at start-up, and not when its event comes."""
    return {name: [import_string(path) for path in paths] for name, paths in ROUTES.items()}
