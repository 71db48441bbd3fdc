"""Publishing the routing snapshot."""

import json
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, transaction
from redis import Redis

from apps.inference import rules
from apps.inference.models import RoutingSnapshot
from apps.inference.selectors import routing_document

log = structlog.get_logger(__name__)

#: The Valkey key and channel that gateways watch; workers/serving/names.py names the same.
ROUTING = "quartet:routing"
#: Snapshots kept for looking back.
_KEEP = 1000
_PUBLISH_LOCK = 0x5155_5254


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
