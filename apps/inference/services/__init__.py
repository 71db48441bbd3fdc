"""Writes of this app, a file a noun; other apps and the workers import them from here."""

from apps.inference.services.callbacks import callbacks_add
from apps.inference.services.erasure import erasures_expire, erasures_held_off, subject_erase
from apps.inference.services.feedback import (
    ROWS_MOST,
    Given,
    Taken,
    feedback_bind,
    feedback_expire,
    feedback_give,
)
from apps.inference.services.keys import BY_SETTING, key_create, key_revoke, key_rotate, key_used
from apps.inference.services.mirrors import mirrors_add, mirrors_expire
from apps.inference.services.partitions import partitions_ahead, partitions_ensure
from apps.inference.services.predictions import Kept, drops_note, kept_add, predictions_add
from apps.inference.services.retention import predictions_expire
from apps.inference.services.routing import ROUTING, routing_keep, routing_look, routing_publish

__all__ = [
    "BY_SETTING",
    "ROUTING",
    "ROWS_MOST",
    "Given",
    "Kept",
    "Taken",
    "callbacks_add",
    "drops_note",
    "erasures_expire",
    "erasures_held_off",
    "feedback_bind",
    "feedback_expire",
    "feedback_give",
    "kept_add",
    "key_create",
    "key_revoke",
    "key_rotate",
    "key_used",
    "mirrors_add",
    "mirrors_expire",
    "partitions_ahead",
    "partitions_ensure",
    "predictions_add",
    "predictions_expire",
    "routing_keep",
    "routing_look",
    "routing_publish",
    "subject_erase",
]
