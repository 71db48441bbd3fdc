"""Making, replacing and revoking keys, and knowing when they are used."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from apps.core import audit, outbox
from apps.core.clock import now
from apps.core.models import User
from apps.core.permissions import SCOPES
from apps.inference import rules
from apps.inference.access import key_for, key_own
from apps.inference.errors import KeyNameTaken, KeyRefused, UnknownScope
from apps.inference.events import KeyChanged
from apps.inference.models import ApiKey

#: `expires_at` for a key that lives as long as QUARTET_KEY_DAYS says.
BY_SETTING = "by setting"
#: A key's last use is written down this seldom, so that reading costs no write.
_USE_NOTED_EVERY = timedelta(minutes=1)


def key_create(
    *,
    actor: User,
    name: str,
    scopes: list[str],
    deployments: list[str] | None = None,
    expires_at: datetime | str | None = BY_SETTING,
) -> tuple[ApiKey, str]:
    """Make a key that acts for `actor`; returns it with its text, which is shown once and not kept.

    It expires after QUARTET_KEY_DAYS, or at `expires_at`; None is never.
    """
    unknown = sorted(set(scopes) - SCOPES.keys())
    if unknown or not scopes:
        raise UnknownScope(
            f"Unknown scopes: {', '.join(unknown) or 'none given'}.", remedy=f"Use some of {', '.join(SCOPES)}."
        )
    fields = {"name": name, "scopes": sorted(set(scopes)), "deployments": deployments or []}
    ends = _by_setting() if expires_at == BY_SETTING else expires_at
    try:
        with transaction.atomic():
            key, text = _made(actor, expires_at=ends, **fields)
            audit.record(actor=actor, action="key.created", target=f"key:{key.pk}", name=name, scopes=key.scopes)
            outbox.emit(KeyChanged(key_id=key.pk))
    except IntegrityError as error:
        raise KeyNameTaken(f"You already have a key named '{name}'.") from error
    return key, text


def key_rotate(*, actor: User, key_id: int, overlap: timedelta = timedelta(hours=1)) -> tuple[ApiKey, str]:
    """Replace a key of the actor's own by one with the same name and reach; returns the new one with its text.

    The old one goes on for `overlap`, and not beyond its own expiry, so that nobody is locked out meanwhile. Raises
    KeyRefused for a key that opens nothing any more.
    """
    with transaction.atomic():
        old = key_own(actor, key_id)
        if refusal := old.refusal():
            raise KeyRefused(refusal, remedy="Make a new key.")
        until = min(now() + overlap, old.expires_at or now() + overlap)
        ApiKey.objects.filter(pk=old.pk).update(name=f"{old.name[:70]} (replaced, {old.prefix})", expires_at=until)
        lifetime = _by_setting() if old.expires_at else None
        key, text = _made(actor, name=old.name, scopes=old.scopes, deployments=old.deployments, expires_at=lifetime)
        audit.record(
            actor=actor,
            action="key.rotated",
            target=f"key:{key.pk}",
            name=key.name,
            replaces=old.pk,
            until=f"{until:%Y-%m-%d %H:%M} UTC",
        )
        outbox.emit(KeyChanged(key_id=old.pk))
        outbox.emit(KeyChanged(key_id=key.pk))
    return key, text


def key_used(key: ApiKey) -> None:
    """Note that a key opened something, once a minute at most, whoever else notes it."""
    moment = now()
    if key.last_used_at is None or key.last_used_at < moment - _USE_NOTED_EVERY:
        not_noted = Q(last_used_at=None) | Q(last_used_at__lt=moment - _USE_NOTED_EVERY)
        ApiKey.objects.filter(not_noted, pk=key.pk).update(last_used_at=moment)


def _by_setting() -> datetime:
    return now() + timedelta(days=settings.QUARTET_KEY_DAYS)


def _made(user: User, **fields: Any) -> tuple[ApiKey, str]:
    text = rules.KEY_START + secrets.token_urlsafe(32)
    return ApiKey.objects.create(user=user, prefix=text[:9], hash=rules.key_hash(text), **fields), text


def key_revoke(*, actor: User, key_id: int) -> ApiKey:
    """Close a key for good; revoking it twice is no error."""
    key = key_for(actor, key_id)
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now()):
            audit.record(actor=actor, action="key.revoked", target=f"key:{key.pk}", name=key.name)
            outbox.emit(KeyChanged(key_id=key.pk))
    key.refresh_from_db()
    return key
