"""Writing to the registry. Each call is one change with its audit entry and its event."""

from apps.registry.services.alias import ANY, alias_delete, alias_move
from apps.registry.services.alias_answer import alias_granted, alias_lapsed, alias_rejected
from apps.registry.services.model import model_create
from apps.registry.services.upload import upload_discard, upload_start, upload_write, uploads_expire
from apps.registry.services.version import version_register
from apps.registry.services.version_state import version_mark_corrupt, version_memory_measured

__all__ = [
    "ANY",
    "alias_delete",
    "alias_granted",
    "alias_lapsed",
    "alias_move",
    "alias_rejected",
    "model_create",
    "upload_discard",
    "upload_start",
    "upload_write",
    "uploads_expire",
    "version_mark_corrupt",
    "version_memory_measured",
    "version_register",
]
