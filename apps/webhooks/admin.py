"""Endpoints and deliveries in the admin: to read, without secrets. They are made and changed over REST."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.core.admin import ReadOnlyAdmin, ReadOnlyInline
from apps.core.errors import QuartetError
from apps.core.permissions import actor_of
from apps.webhooks.models import Attempt, Delivery, WebhookEndpoint
from apps.webhooks.services import delivery_redeliver


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    list_display = ("name", "owner", "url", "active", "failing_since", "disabled_reason")
    list_filter = ("active", "owner")
    fields = (
        "name",
        "owner",
        "url",
        "events",
        "active",
        "disabled_reason",
        "failing_since",
        "previous_until",
        "created_at",
    )


class AttemptInline(ReadOnlyInline):
    model = Attempt
    fields = ("at", "seconds", "status", "problem", "answer")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("message_id", "event_type", "endpoint", "state", "tries", "due_at", "created_at")
    list_filter = ("state", "event_type")
    search_fields = ("message_id",)
    fields = ("message_id", "event_type", "endpoint", "body", "state", "tries", "due_at", "created_at", "finished_at")
    inlines = (AttemptInline,)
    actions = ("redeliver",)

    @admin.action(description="Send again")
    def redeliver(self, request: HttpRequest, deliveries: QuerySet[Delivery]) -> None:
        """Send the chosen ones again; only superusers reach what is not their own."""
        for delivery in deliveries:
            try:
                delivery_redeliver(actor=actor_of(request), endpoint_id=delivery.endpoint_id, delivery_id=delivery.pk)
            except QuartetError as error:
                messages.error(request, f"{delivery}: {error.message} {error.remedy}")
            else:
                messages.success(request, f"{delivery} is sent again.")
