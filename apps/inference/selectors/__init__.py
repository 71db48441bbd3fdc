"""Reads of this app, a file a purpose; other apps and the workers import them from here."""

from apps.inference.selectors.labelled import labelled_count, labelled_new, labelled_samples
from apps.inference.selectors.predictions import (
    LabelOutputs,
    predictions_by_id,
    predictions_list,
    predictions_tally,
    predictions_waiting,
)
from apps.inference.selectors.queues import requests_waiting
from apps.inference.selectors.routing import routing_document, routing_published

__all__ = [
    "LabelOutputs",
    "labelled_count",
    "labelled_new",
    "labelled_samples",
    "predictions_by_id",
    "predictions_list",
    "predictions_tally",
    "predictions_waiting",
    "requests_waiting",
    "routing_document",
    "routing_published",
]
