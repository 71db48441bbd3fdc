"""Writes of this app, a file a noun; other apps and the workers import them from here."""

from apps.deployments.services.controls import (
    ROLLOUT_ACTS,
    STEP_ACTS,
    deployment_rollback,
    rollout_abort,
    rollout_pause,
    rollout_promote,
    rollout_resume,
)
from apps.deployments.services.deployments import deployment_create
from apps.deployments.services.following import revision_follow
from apps.deployments.services.muting import input_healed, input_mute, input_unmute
from apps.deployments.services.nodes import NodeFacts, node_away, node_beat
from apps.deployments.services.reconcile import fleet_fit, reconcile, watch_keep
from apps.deployments.services.replicas import (
    replica_beat,
    replica_claim,
    replica_draining,
    replica_failed,
    replica_ready,
    replica_stopped,
    replica_warming,
    replicas_expire,
)
from apps.deployments.services.revisions import (
    revision_approve,
    revision_lapse,
    revision_reject,
    revision_request,
    rollout_start,
)
from apps.deployments.services.rollouts import (
    rollout_advance,
    rollout_begin,
    version_corrupted,
)

__all__ = [
    "ROLLOUT_ACTS",
    "STEP_ACTS",
    "NodeFacts",
    "deployment_create",
    "deployment_rollback",
    "fleet_fit",
    "input_healed",
    "input_mute",
    "input_unmute",
    "node_away",
    "node_beat",
    "reconcile",
    "replica_beat",
    "replica_claim",
    "replica_draining",
    "replica_failed",
    "replica_ready",
    "replica_stopped",
    "replica_warming",
    "replicas_expire",
    "revision_approve",
    "revision_follow",
    "revision_lapse",
    "revision_reject",
    "revision_request",
    "rollout_abort",
    "rollout_advance",
    "rollout_begin",
    "rollout_pause",
    "rollout_promote",
    "rollout_resume",
    "rollout_start",
    "version_corrupted",
    "watch_keep",
]
