"""Telling of finished requests."""

from django.db import transaction

from apps.inference import rules
from apps.inference.models import ApiKey
from apps.webhooks.services import delivery_add, hurry


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
