"""What waits for a reviewer, and what reviewers said."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.core.clock import now
from apps.core.ids import new_id


class Policy(models.Model):
    """How many approvals a kind of request needs; without a row, QUARTET_APPROVALS_REQUIRED holds."""

    kind = models.CharField(max_length=50, unique=True)
    approvals_required = models.PositiveSmallIntegerField(default=1)

    class Meta:
        verbose_name_plural = "policies"
        constraints = [models.CheckConstraint(condition=Q(approvals_required__gte=1), name="policy_needs_somebody")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.approvals_required}"


class ApprovalRequest(models.Model):
    """One question to the reviewers, bound to the digest of what they look at: if that changes, the answer is void."""

    class State(models.TextChoices):
        OPEN = "open"
        GRANTED = "granted"
        REJECTED = "rejected"
        VOID = "void"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    #: The event that opened it: a repeated event opens nothing twice.
    event_id = models.UUIDField(unique=True, editable=False)
    kind = models.CharField(max_length=50)
    #: Id of what is asked about, within `kind`.
    subject_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    #: One line and the facts a reviewer should see, as they were when it was asked.
    summary = models.CharField(max_length=250)
    evidence = models.JSONField(default=dict)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approvals_required = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField(default=now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-opened_at"]
        permissions = [("decide_approvalrequest", "Can decide approval requests")]
        indexes = [models.Index(fields=["-opened_at"], name="approvals_open", condition=Q(state="open"))]

    def __str__(self) -> str:
        return self.summary


class Decision(models.Model):
    """What one reviewer said, once, never changed."""

    class Verdict(models.TextChoices):
        APPROVE = "approve"
        REJECT = "reject"

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="decisions")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    #: Copied from the request so that the database itself can compare the two people.
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    comment = models.TextField(blank=True)
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(fields=["request", "reviewer"], name="decision_once_a_reviewer"),
            models.CheckConstraint(condition=~Q(reviewer=F("requested_by")), name="decision_four_eyes"),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.verdict}"
