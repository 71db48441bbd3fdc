"""People, the outbox and the audit chain."""

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from apps.core.clock import now
from apps.core.ids import new_id


class User(AbstractUser):
    """A person or a service account. Our own class from the first day: swapping it later would rewrite every table."""

    #: The person whose service account this is; None for a person. What asks for one cannot be approved by the other.
    owner = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="service_accounts",
        help_text="For a service account: the person it acts for. The two count as one when something is approved.",
    )

    class Meta(AbstractUser.Meta):
        constraints = [models.CheckConstraint(condition=~Q(owner=F("id")), name="user_owner_is_another")]

    @property
    def person_id(self) -> int:
        """Id of the person behind the account: its owner, or itself."""
        return self.owner_id or self.pk

    def clean(self) -> None:
        """An owner is a person: a chain of accounts would hide who is behind them. A trigger says the same."""
        super().clean()
        if self.owner and self.owner.owner_id:
            raise ValidationError({"owner": f"{self.owner} is a service account itself; name the person."})
        if self.owner and self.pk and self.service_accounts.exists():
            raise ValidationError({"owner": "This account owns service accounts, so it is a person's."})


class OutboxEvent(models.Model):
    """One event to be told to its listeners at least once (see workers/relay.py)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=100)
    payload = models.JSONField()
    created_at = models.DateTimeField(default=now)
    attempts = models.PositiveIntegerField(default=0)
    #: Not before this moment of the database's clock: a lease while a relay holds it, a pause after a failure.
    due_at = models.DateTimeField(default=now)
    done_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at", "id"], name="outbox_waiting", condition=Q(done_at=None)),
            models.Index(fields=["done_at"], name="outbox_done", condition=Q(done_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"


class AuditEntry(models.Model):
    """One act, chained to the one before it by hash: a row that is changed or taken out breaks the chain.

    Triggers refuse UPDATE, DELETE and TRUNCATE, and an entry that does not continue the chain.
    """

    sequence = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    #: The actor's name at that moment; "Quartet" for the product itself.
    actor_name = models.CharField(max_length=150)
    action = models.CharField(max_length=100)
    #: What was acted on, as `<kind>:<name>`.
    target = models.CharField(max_length=250)
    detail = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-sequence"]
        indexes = [models.Index(fields=["target", "-sequence"], name="audit_target")]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action} {self.target}"


class AuditHead(models.Model):
    """Where the chain ends, kept apart from it so that a tail that was cut off shows; a trigger writes the one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sequence = models.PositiveBigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="audit_head_once")]

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"
