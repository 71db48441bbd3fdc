"""Writes of this app, a file a noun; other apps and the workers import them from here."""

from apps.training.services.beginning import retraining_begin, trigger_begin
from apps.training.services.datasets import dataset_freeze
from apps.training.services.ending import job_fail, job_finish
from apps.training.services.gates import gates_set
from apps.training.services.jobs import job_cancel, job_request
from apps.training.services.leases import (
    LEASE_SECONDS,
    Report,
    job_beat,
    job_claim,
    job_let_go,
    job_start,
    jobs_offer,
    leases_expire,
)
from apps.training.services.measuring import evaluation_finish, evaluation_request
from apps.training.services.outcomes import candidate_passed, candidate_refused, job_over, retraining_settle
from apps.training.services.policies import retrain_policy_remove, retrain_policy_set
from apps.training.services.triggers import RETRAIN_TASK, drift_heard, drift_over, retrain_now, trigger_fire
from apps.training.services.watch import RETRAIN_WATCH_PERIOD, retraining_watch

__all__ = [
    "LEASE_SECONDS",
    "RETRAIN_TASK",
    "RETRAIN_WATCH_PERIOD",
    "Report",
    "candidate_passed",
    "candidate_refused",
    "dataset_freeze",
    "drift_heard",
    "drift_over",
    "evaluation_finish",
    "evaluation_request",
    "gates_set",
    "job_beat",
    "job_cancel",
    "job_claim",
    "job_fail",
    "job_finish",
    "job_let_go",
    "job_over",
    "job_request",
    "job_start",
    "jobs_offer",
    "leases_expire",
    "retrain_now",
    "retrain_policy_remove",
    "retrain_policy_set",
    "retraining_begin",
    "retraining_settle",
    "retraining_watch",
    "trigger_begin",
    "trigger_fire",
]
