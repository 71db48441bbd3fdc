"""Reads of this app, a file a purpose; other apps and the workers import them from here."""

from apps.deployments.selectors.carriers import Carrier, carriers
from apps.deployments.selectors.fleet import blocked_by_revision, is_at_rest, nodes_whole, picture, replica_spec
from apps.deployments.selectors.lists import (
    deployments_list,
    record_keep,
    replicas_list,
    revision_digest,
    revision_outputs,
    revisions_list,
    rollouts_list,
)
from apps.deployments.selectors.muting import inputs_left_out, live_inputs, mutings, mutings_open
from apps.deployments.selectors.plans import revision_plan
from apps.deployments.selectors.rollouts import (
    deployments_with_approved,
    rollout_facts,
    rollout_locked,
    rollout_mirrored,
    rollout_next,
    rollout_settled,
    rollout_steps,
    rollout_weight,
    rollout_words,
    rollouts_open,
    rollouts_to_compare,
    streams_in_use,
    streams_to_watch,
)
from apps.deployments.selectors.routing import routing_deployments
from apps.deployments.selectors.standing import StageStanding, coming_rollout, kept_rollout, standings

__all__ = [
    "Carrier",
    "StageStanding",
    "blocked_by_revision",
    "carriers",
    "coming_rollout",
    "deployments_list",
    "deployments_with_approved",
    "inputs_left_out",
    "is_at_rest",
    "kept_rollout",
    "live_inputs",
    "mutings",
    "mutings_open",
    "nodes_whole",
    "picture",
    "record_keep",
    "replica_spec",
    "replicas_list",
    "revision_digest",
    "revision_outputs",
    "revision_plan",
    "revisions_list",
    "rollout_facts",
    "rollout_locked",
    "rollout_mirrored",
    "rollout_next",
    "rollout_settled",
    "rollout_steps",
    "rollout_weight",
    "rollout_words",
    "rollouts_list",
    "rollouts_open",
    "rollouts_to_compare",
    "routing_deployments",
    "standings",
    "streams_in_use",
    "streams_to_watch",
]
