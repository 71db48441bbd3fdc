"""Reads of this app; other apps and the pages import them from here."""

from apps.approvals.selectors.bindings import request_flaw
from apps.approvals.selectors.evaluated import evaluation_evidence
from apps.approvals.selectors.requests import (
    approvals_given,
    approvals_required,
    decision_refusal,
    decisions_counting,
    policy_for,
    request_overdue,
    requests_list,
    requests_open,
    terms_of,
)

__all__ = [
    "approvals_given",
    "approvals_required",
    "decision_refusal",
    "decisions_counting",
    "evaluation_evidence",
    "policy_for",
    "request_flaw",
    "request_overdue",
    "requests_list",
    "requests_open",
    "terms_of",
]
