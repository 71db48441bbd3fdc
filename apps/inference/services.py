"""Making and revoking keys; publishing the routing snapshot; telling of finished requests."""

import json
import secrets
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from redis import Redis

from apps.core import audit, outbox
from apps.core.clock import now
from apps.core.models import User
from apps.core.permissions import SCOPES
from apps.inference import rules
from apps.inference.access import key_for
from apps.inference.errors import KeyNameTaken, UnknownScope
from apps.inference.events import KeyChanged
from apps.inference.models import ApiKey, RoutingSnapshot
from apps.inference.selectors import routing_document
from apps.webhooks.services import delivery_add, hurry

log = structlog.get_logger(__name__)

#: The Valkey key and channel that gateways watch; workers/serving/names.py names the same.
ROUTING = "quartet:routing"
#: Snapshots kept for looking back.
_KEEP = 1000
_PUBLISH_LOCK = 0x5155_5254


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


def routing_publish(*, event_id: UUID, **changed: Any) -> None:
    """Listener: whatever changed, what gateways should know is worked out anew."""
    routing_keep()


def routing_look() -> int:
    """See that Valkey holds the newest snapshot; returns its number. Called every two seconds, it mends a lost message,
    a Valkey that lost its data and a database that was restored from a backup, and costs a fraction of `routing_keep`.
    """
    newest = RoutingSnapshot.objects.values_list("number", flat=True).first()
    held = _held()
    return held if newest == held else routing_keep()


def routing_keep() -> int:
    """See that Valkey holds the snapshot that the database calls for; returns its number.

    Called at every change, and a few times a minute should the news of one have been lost.
    """
    client = _valkey()
    held = _held()
    snapshot = _snapshot_current(at_least=held)
    if snapshot.number != held:
        client.set(ROUTING, json.dumps(_published(snapshot)))
        client.publish(ROUTING, str(snapshot.number))
        log.info("routing published", number=snapshot.number)
    return snapshot.number


def _held() -> int:
    """The number of the snapshot in Valkey, 0 where there is none."""
    raw: Any = _valkey().get(ROUTING)
    return int(json.loads(raw)["number"]) if raw else 0


@cache
def _valkey() -> Redis:
    """This process's connections: to greet the server at every look would cost more than the look."""
    return Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=5)


def _snapshot_current(at_least: int) -> RoutingSnapshot:
    """The newest snapshot, after writing a new one if its content no longer holds.

    `at_least` was published before: where the database knows only lower numbers, it is older than that, and since
    gateways take no lower number the next one goes above.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [_PUBLISH_LOCK])
        document = routing_document()
        digest = rules.document_digest(document)
        last = RoutingSnapshot.objects.first()
        if last and last.digest == digest and last.number >= at_least:
            return last
        number = max(last.number if last else 0, at_least) + 1
        RoutingSnapshot.objects.filter(number__lte=number - _KEEP).delete()
        return RoutingSnapshot.objects.create(number=number, digest=digest, document=document)


def _published(snapshot: RoutingSnapshot) -> dict[str, Any]:
    return {"number": snapshot.number, "published_at": snapshot.created_at.isoformat(), **snapshot.document}


def callbacks_add(*, news: list[rules.Finished]) -> None:
    """Have the endpoints told that their callers named, each request once; all of them are written or none is."""
    if not news:
        return
    owners = dict(ApiKey.objects.filter(pk__in={each.key for each in news}).values_list("pk", "user_id"))
    with transaction.atomic():
        for each in sorted(news, key=lambda each: each.endpoint):  # in one order, as each is locked
            delivery_add(
                endpoint_id=each.endpoint,
                owner_id=owners.get(each.key),
                message_id=each.message_id,
                event_type="inference.request_finished",
                at=each.at,
                data=each.told(),
            )
        hurry()
