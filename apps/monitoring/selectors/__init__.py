"""Reads of this app, a file a purpose; other apps and the workers import them from here."""

from apps.monitoring.selectors.accuracy import accuracy_by_deployment, deployment_accuracy, labels_given
from apps.monitoring.selectors.traffic import (
    deployment_series,
    gateways_present,
    present_numbers,
    present_since,
    seconds_behind,
    sparklines,
    totals_by_revision,
)
from apps.monitoring.selectors.windows import (
    Traffic,
    counts_of,
    heard_between,
    traffic_between,
    windows_between,
)

__all__ = [
    "Traffic",
    "accuracy_by_deployment",
    "counts_of",
    "deployment_accuracy",
    "deployment_series",
    "gateways_present",
    "heard_between",
    "labels_given",
    "present_numbers",
    "present_since",
    "seconds_behind",
    "sparklines",
    "totals_by_revision",
    "traffic_between",
    "windows_between",
]
