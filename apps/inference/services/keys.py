"""Making and revoking keys."""

import secrets
from datetime import datetime

from django.db import IntegrityError, transaction

from apps.core import audit, outbox
from apps.core.clock import now
from apps.core.models import User
from apps.core.permissions import SCOPES
from apps.inference import rules
from apps.inference.access import key_for
from apps.inference.errors import KeyNameTaken, UnknownScope
from apps.inference.events import KeyChanged
from apps.inference.models import ApiKey


def key_create(
    *,
    actor: User,
    name: str,
    scopes: list[str],
    deployments: list[str] | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key that acts for `actor`; returns it with its text, which is shown once and not kept."""
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown or not scopes:
        raise UnknownScope(
            f"Unknown scopes: {', '.join(unknown) or 'none given'}.", remedy=f"Use some of {', '.join(SCOPES)}."
        )
    text = rules.KEY_START + secrets.token_urlsafe(32)
    fields = {"name": name, "scopes": sorted(set(scopes)), "deployments": deployments or [], "expires_at": expires_at}
    try:
        with transaction.atomic():
            key = ApiKey.objects.create(user=actor, prefix=text[:9], hash=rules.key_hash(text), **fields)
            audit.record(actor=actor, action="key.created", target=f"key:{key.pk}", name=name, scopes=key.scopes)
            outbox.emit(KeyChanged(key_id=key.pk))
    except IntegrityError as error:
        raise KeyNameTaken(f"You already have a key named '{name}'.") from error
    return key, text


def key_revoke(*, actor: User, key_id: int) -> ApiKey:
    """Close a key for good; revoking it twice is no error."""
    key = key_for(actor, key_id)
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now()):
            audit.record(actor=actor, action="key.revoked", target=f"key:{key.pk}", name=key.name)
            outbox.emit(KeyChanged(key_id=key.pk))
    key.refresh_from_db()
    return key
