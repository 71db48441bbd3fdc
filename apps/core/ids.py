"""Identifiers that sort by time, so that an index on them grows at one end."""

from uuid import UUID

import uuid6


def new_id() -> UUID:
    """A version 7 UUID (RFC 9562)."""
    return UUID(int=uuid6.uuid7().int)
