"""Who gets alerts by mail, what is to be sent, and how each try went."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from apps.core.clock import now
from apps.core.sending import Sending
from apps.monitoring.alerting import Alert
from apps.monitoring.rules.findings import Severity


class Subscription(models.Model):
    """Somebody wants alerts at the address of their account: of one deployment or of all, from a severity on."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alert_subscriptions")
    #: Empty for every deployment, and what belongs to none.
    deployment = models.CharField(max_length=63, blank=True)
    severity = models.CharField(
        max_length=10, default=Severity.TICKET.value, choices=[(each.value, each.value) for each in Severity]
    )
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["user", "deployment"], name="alert_subscription_once")]

    def __str__(self) -> str:
        return f"{self.user} {self.deployment or 'everything'}"


class AlertMail(Sending):
    """One mail to one person, sent at least once; its `message_id` is the same however often it is sent."""

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="mails")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alert_mails")
    #: As it was when the mail was written.
    address = models.CharField(max_length=254)
    #: The header Message-ID, and that of the first mail to this person of this alert, which mail programs thread by.
    message_id = models.CharField(max_length=200, unique=True)
    thread_id = models.CharField(max_length=200)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)

    class Meta(Sending.Meta):
        indexes = [
            models.Index(fields=["due_at"], name="alert_mail_waiting", condition=Q(state="waiting")),
            models.Index(fields=["created_at"], name="alert_mail_age"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.user}"


class MailTry(models.Model):
    """How one try went; `problem` in words, empty where the mail server took it."""

    mail = models.ForeignKey(AlertMail, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    seconds = models.FloatField()
    problem = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "mail tries"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.problem or 'taken'}"
