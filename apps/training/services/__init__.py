"""Writes of this app, a file a noun; other apps and the workers import them from here."""

from apps.training.services.datasets import dataset_freeze
from apps.training.services.ending import job_fail, job_finish
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

__all__ = [
    "LEASE_SECONDS",
    "Report",
    "dataset_freeze",
    "job_beat",
    "job_cancel",
    "job_claim",
    "job_fail",
    "job_finish",
    "job_let_go",
    "job_request",
    "job_start",
    "jobs_offer",
    "leases_expire",
]
