"""Writes of this app, a file a noun; other apps and the workers import them from here."""

from apps.approvals.services.decisions import comment_add, decision_record
from apps.approvals.services.requests import (
    alias_request_open,
    alias_request_void,
    request_open,
    request_void,
    requests_expire,
    requests_recheck,
)

__all__ = [
    "alias_request_open",
    "alias_request_void",
    "comment_add",
    "decision_record",
    "request_open",
    "request_void",
    "requests_expire",
    "requests_recheck",
]
