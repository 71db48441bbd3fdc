"""Making, changing and deleting endpoints."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from apps.core import audit, outbox
from apps.core.clock import now
from apps.core.models import User
from apps.webhooks.access import endpoint_for
from apps.webhooks.errors import EndpointNameTaken, TooManyEndpoints, UnfitAddress, UnknownEvents
from apps.webhooks.events import EndpointChanged
from apps.webhooks.models import WebhookEndpoint
from apps.webhooks.rules.signing import SECRET_BYTES, secret_text
from apps.webhooks.rules.target import target, unfit
from apps.webhooks.rules.types import unknown

#: Endpoints of one owner; gateways hold the names of all of them.
MOST = 50
#: How long the secret before goes on being signed with, unless its owner says otherwise.
KEEP_PREVIOUS = timedelta(days=1)


def endpoint_create(*, actor: User, name: str, url: str, events: Sequence[str] = ()) -> tuple[WebhookEndpoint, str]:
    """Make an endpoint of the actor's, to be told of `events` by their types besides what it is asked for by name;
    returns it with its secret, which is never shown again."""
    _refuse_unfit(url)
    _refuse_unknown(events)
    if WebhookEndpoint.objects.filter(owner=actor).count() >= MOST:
        raise TooManyEndpoints(f"You have {MOST} webhook endpoints, and that is the most.")
    secret = _new_secret()
    with _name_once(name), transaction.atomic():
        fields = {"name": name, "url": url, "events": sorted(set(events))}
        endpoint = WebhookEndpoint.objects.create(owner=actor, secret=secret, **fields)
        _tell(endpoint, actor=actor, action="webhook.created", host=target(url).host)
    return endpoint, secret


def endpoint_update(*, actor: User, endpoint_id: int, **changes: Any) -> WebhookEndpoint:
    """Change `name`, `url`, `events` or `active`.

    One that is set active again begins anew, whatever it was switched off for; so do the days of failure of one that is
    pointed elsewhere.
    """
    endpoint = endpoint_for(actor, endpoint_id)
    if "url" in changes:
        _refuse_unfit(changes["url"])
    if "events" in changes:
        _refuse_unknown(changes["events"])
        changes["events"] = sorted(set(changes["events"]))
    changed = {name: value for name, value in changes.items() if getattr(endpoint, name) != value}
    if not changed:
        return endpoint
    fields = changed | ({"failing_since": None} if changed.keys() & {"active", "url"} else {})
    fields |= {"disabled_reason": ""} if "active" in changed else {}
    with _name_once(changed.get("name", "")), transaction.atomic():
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(**fields)
        endpoint.refresh_from_db()
        _tell(endpoint, actor=actor, action="webhook.changed", changes=_in_words(changed))
    return endpoint


def endpoint_delete(*, actor: User, endpoint_id: int) -> None:
    """Delete it with all that it was told and was still to be told."""
    endpoint = endpoint_for(actor, endpoint_id)
    with transaction.atomic():
        endpoint.active = False
        _tell(endpoint, actor=actor, action="webhook.deleted")
        endpoint.delete()


def secret_rotate(*, actor: User, endpoint_id: int, keep: timedelta = KEEP_PREVIOUS) -> tuple[WebhookEndpoint, str]:
    """Sign with a new secret, which is returned and never shown again, and for `keep` with the present one as well."""
    secret = _new_secret()
    with transaction.atomic():
        endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint_for(actor, endpoint_id).pk)
        endpoint.previous_secret, endpoint.previous_until = endpoint.secret, now() + keep
        endpoint.secret = secret
        endpoint.save(update_fields=["secret", "previous_secret", "previous_until"])
        audit.record(actor=actor, action="webhook.secret_rotated", target=_target(endpoint))
    return endpoint, secret


def endpoint_disable(endpoint_id: int, url: str, reason: str) -> None:
    """Switch it off because `url` failed; one that was pointed elsewhere meanwhile stays."""
    endpoints = WebhookEndpoint.objects.filter(pk=endpoint_id, url=url, active=True)
    with transaction.atomic():
        if endpoints.update(active=False, disabled_reason=reason):
            endpoint = WebhookEndpoint.objects.get(pk=endpoint_id)
            _tell(endpoint, actor=None, action="webhook.disabled", reason=reason)


def _tell(endpoint: WebhookEndpoint, *, actor: User | None, action: str, **detail: str) -> None:
    audit.record(actor=actor, action=action, target=_target(endpoint), **detail)
    outbox.emit(EndpointChanged(endpoint_id=endpoint.pk, active=endpoint.active))


def _in_words(changed: dict[str, Any]) -> str:
    """Of a URL only the host: its path may be a secret, and everybody reads the audit trail."""
    told = changed | ({"url": f"at {target(changed['url']).host}"} if "url" in changed else {})
    told |= {"events": ", ".join(changed["events"]) or "none"} if "events" in changed else {}
    return "; ".join(f"{name}: {value}" for name, value in sorted(told.items()))


def _target(endpoint: WebhookEndpoint) -> str:
    return f"webhook:{endpoint.name}"


def _new_secret() -> str:
    return secret_text(secrets.token_bytes(SECRET_BYTES))


def _refuse_unfit(url: str) -> None:
    if reason := unfit(url, settings.QUARTET_WEBHOOK_ALLOW):
        raise UnfitAddress(reason)


def _refuse_unknown(events: Sequence[str]) -> None:
    if wrong := unknown(events):
        raise UnknownEvents(f"There are no events of the type {', '.join(wrong)} that an endpoint could ask for.")


@contextmanager
def _name_once(name: str) -> Iterator[None]:
    """Say that the name is taken where the database does."""
    try:
        yield
    except IntegrityError as error:
        raise EndpointNameTaken(f"You already have a webhook endpoint named '{name}'.") from error
