"""Claiming what is due and writing down what came of it. Between the two it is sent, outside of any transaction.

A claim is a lease: what a killed process was sending is due again when the lease is over, under the same id. Only the
result of the latest claim counts.
"""

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from apps.core import sending
from apps.core.clock import now
from apps.core.ids import new_id
from apps.webhooks.models import Attempt, Delivery, WebhookEndpoint
from apps.webhooks.rules.schedule import FAILING_FOR, pause
from apps.webhooks.rules.signing import signature
from apps.webhooks.selectors import deliveries_due
from apps.webhooks.sending import Outcome
from apps.webhooks.services.endpoints import endpoint_disable

#: How long a delivery is its sender's alone: well over the time that one try may take.
LEASE = timedelta(minutes=2)
GONE = 410


@dataclass(frozen=True, slots=True)
class Claimed:
    """One try: what to send where."""

    delivery_id: UUID
    claim: UUID
    endpoint_id: int
    #: This one counted.
    tries: int
    #: When it was claimed: what its signature says.
    at: datetime
    url: str
    headers: dict[str, str]
    body: bytes


def deliveries_claim(*, limit: int, without: Collection[int] = (), each: int) -> list[Claimed]:
    """Take up to `limit` deliveries that are due for the length of the lease, the oldest first.

    At most `each` of one endpoint, and none of the endpoints `without`.
    """
    with transaction.atomic():
        due = deliveries_due().exclude(endpoint_id__in=without).order_by("due_at").select_related("endpoint")
        taken: list[Delivery] = []
        for delivery in due.select_for_update(of=("self",), skip_locked=True)[:limit]:
            if sum(other.endpoint_id == delivery.endpoint_id for other in taken) < each:
                taken.append(delivery)
        claim, at = new_id(), now()
        Delivery.objects.filter(pk__in=[delivery.pk for delivery in taken]).update(**sending.claimed(claim, at, LEASE))
    return [_claimed(delivery, claim, at) for delivery in taken]


def _claimed(delivery: Delivery, claim: UUID, at: datetime) -> Claimed:
    body, seconds = delivery.body.encode(), int(at.timestamp())
    headers = {
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(delivery.endpoint.secrets(), delivery.message_id, seconds, body),
    }
    endpoint = delivery.endpoint
    return Claimed(delivery.pk, claim, endpoint.pk, delivery.tries + 1, at, endpoint.url, headers, body)


def attempt_record(*, claimed: Claimed, outcome: Outcome) -> None:
    """Write down how a try went, and when the next one is, if any."""
    with transaction.atomic():
        delivery = Delivery.objects.filter(pk=claimed.delivery_id, claim=claimed.claim)
        if not delivery.update(claim=None, **_after(claimed, outcome)):
            return  # deleted, or another's since our lease was over
        Attempt.objects.create(
            delivery_id=claimed.delivery_id,
            at=claimed.at,
            seconds=outcome.seconds,
            status=outcome.status,
            problem=outcome.problem[:500],
            answer=outcome.answer[:500],
        )
        _health(claimed, outcome)


def _after(claimed: Claimed, outcome: Outcome) -> dict[str, object]:
    if not outcome.problem:
        return {"state": Delivery.State.DELIVERED, "finished_at": now()}
    rest = pause(claimed.tries, random.random(), outcome.retry_after)  # noqa: S311  nobody gains by guessing it
    if outcome.status == GONE or rest is None:
        return {"state": Delivery.State.FAILED, "finished_at": now()}
    return {"due_at": now() + rest}


def _health(claimed: Claimed, outcome: Outcome) -> None:
    """How the endpoint itself does."""
    endpoints = WebhookEndpoint.objects.filter(pk=claimed.endpoint_id, url=claimed.url)
    if not outcome.problem:
        endpoints.exclude(failing_since=None).update(failing_since=None)
        return
    endpoints.filter(failing_since=None).update(failing_since=now())
    if outcome.status == GONE:
        endpoint_disable(claimed.endpoint_id, claimed.url, "It answered 410: nobody wants to be told there any more.")
    elif endpoints.filter(failing_since__lte=now() - FAILING_FOR).exists():
        reason = f"It took nothing for {FAILING_FOR.days} days; at last: {outcome.problem}"
        endpoint_disable(claimed.endpoint_id, claimed.url, reason[:500])
