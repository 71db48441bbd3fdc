"""Writes of this app; judging.py, which loads numpy, is imported where a run is done."""

from apps.drift.services.policies import policy_set
from apps.drift.services.profiles import reference_build, reference_put, reference_read
from apps.drift.services.reports import (
    REPORT_TASK,
    report_askable,
    report_begin,
    report_fail,
    report_finish,
    report_request,
    reports_expire,
)
from apps.drift.services.requests import QUEUE, TASK, run_request, runs_request_due
from apps.drift.services.retention import runs_expire
from apps.drift.services.runs import run_claim, run_fail, run_finish, run_perform, runs_perform

__all__ = [
    "QUEUE",
    "REPORT_TASK",
    "TASK",
    "policy_set",
    "reference_build",
    "reference_put",
    "reference_read",
    "report_askable",
    "report_begin",
    "report_fail",
    "report_finish",
    "report_request",
    "reports_expire",
    "run_claim",
    "run_fail",
    "run_finish",
    "run_perform",
    "run_request",
    "runs_expire",
    "runs_perform",
    "runs_request_due",
]
