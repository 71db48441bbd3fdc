"""Reads of this app, a file a purpose; other apps and the workers import them from here."""

from apps.monitoring.selectors.accuracy import accuracy_by_deployment, deployment_accuracy
from apps.monitoring.selectors.side_by_side import arm
from apps.monitoring.selectors.traffic import (
    counts_of,
    deployment_series,
    gateways_present,
    present_numbers,
    seconds_behind,
    sparklines,
)

__all__ = [
    "accuracy_by_deployment",
    "arm",
    "counts_of",
    "deployment_accuracy",
    "deployment_series",
    "gateways_present",
    "present_numbers",
    "seconds_behind",
    "sparklines",
]
