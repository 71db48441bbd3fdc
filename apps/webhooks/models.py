"""Endpoints that are told what happens, what each is told, and how each try went."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.clock import now
from apps.core.sending import Sending


class WebhookEndpoint(models.Model):
    """A URL of its owner's that takes signed POSTs. The secrets lie here as they are, since signing needs them."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="webhook_endpoints")
    #: What its owner calls it, as a header may carry it.
    name = models.SlugField(max_length=63)
    url = models.CharField(max_length=2000)
    #: Types of rules/types.py that it wants to be told of, whoever they are about.
    events = models.JSONField(default=list, blank=True)
    #: An endpoint that is not active keeps what it is to be told, until it is again.
    active = models.BooleanField(default=True)
    #: Why Quartet switched it off; empty where its owner did.
    disabled_reason = models.CharField(max_length=500, blank=True)
    #: Since when it has taken nothing; empty while it does.
    failing_since = models.DateTimeField(null=True, blank=True)
    secret = models.CharField(max_length=100)
    #: The secret before, with which is signed as well while receivers change over.
    previous_secret = models.CharField(max_length=100, blank=True)
    previous_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="webhook_endpoint_name_once")]

    def __str__(self) -> str:
        return f"{self.name} of {self.owner}"

    def secrets(self) -> list[str]:
        """The secrets to sign with at this moment, the present one first."""
        keeps = self.previous_until is not None and self.previous_until > now()
        return [self.secret, self.previous_secret] if keeps else [self.secret]


class Delivery(Sending):
    """One thing to be told to one endpoint, at least once; its `message_id` is the same however often it is sent."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        FAILED = "failed"

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    #: The header `webhook-id`, by which a receiver knows what it has had. No full stop in it.
    message_id = models.CharField(max_length=100)
    event_type = models.CharField(max_length=100)
    #: What is sent, byte for byte: the signature is over these bytes.
    body = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)

    class Meta(Sending.Meta):
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["endpoint", "message_id"], name="webhook_message_once")]
        indexes = [
            models.Index(fields=["due_at"], name="webhook_waiting", condition=Q(state="waiting")),
            models.Index(fields=["created_at"], name="webhook_delivery_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.message_id}"


class Attempt(models.Model):
    """How one try went."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    seconds = models.FloatField()
    #: HTTP's; empty where no answer came.
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    #: What went wrong, in words; empty where it was taken.
    problem = models.CharField(max_length=500, blank=True)
    #: How the answer's body began.
    answer = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.status or self.problem}"
