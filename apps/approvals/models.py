"""What waits for a reviewer, and what reviewers said."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from apps.core.clock import now
from apps.core.ids import new_id

#: What may be asked, with the words for a policy's form.
KINDS = [("rollout", "Rollout of a revision"), ("alias", "Move of a protected alias")]


class Policy(models.Model):
    """What a kind of request needs, everywhere or in one place; without a row, the settings hold.

    A row for one deployment or model is all that holds there: it does not add to the row for the kind.
    """

    kind = models.CharField(max_length=50, choices=KINDS)
    scope = models.CharField(
        max_length=63,
        blank=True,
        help_text="The deployment (rollout) or the model (alias) for which this holds; empty for every other.",
    )
    approvals_required = models.PositiveSmallIntegerField(default=1)
    reviewers = models.ForeignKey(
        "auth.Group",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Only its members' decisions count. Each needs the right to decide besides.",
    )
    expires_after_h = models.PositiveSmallIntegerField(
        "expires after", null=True, blank=True, help_text="Hours; empty for QUARTET_APPROVALS_EXPIRE_HOURS."
    )

    class Meta:
        verbose_name_plural = "policies"
        constraints = [
            models.CheckConstraint(condition=Q(approvals_required__gte=1), name="policy_needs_somebody"),
            models.CheckConstraint(
                condition=Q(expires_after_h=None) | Q(expires_after_h__gte=1), name="policy_gives_time"
            ),
            models.UniqueConstraint(fields=["kind", "scope"], name="policy_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}{f' of {self.scope}' if self.scope else ''}: {self.approvals_required}"


class ApprovalRequest(models.Model):
    """One question to the reviewers, bound to the digest of what they look at: if that changes, the answer is void.

    open -> granted, rejected, void or expired. A trigger keeps what was asked, and a closed request altogether.
    """

    class State(models.TextChoices):
        OPEN = "open"
        GRANTED = "granted"
        REJECTED = "rejected"
        VOID = "void"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    #: The event that opened it: a repeated event opens nothing twice.
    event_id = models.UUIDField(unique=True, editable=False)
    kind = models.CharField(max_length=50)
    #: Id of what is asked about, within `kind`.
    subject_id = models.BigIntegerField()
    #: The deployment or model that it is about: a policy may be for that alone.
    scope = models.CharField(max_length=63, blank=True)
    #: Over files and configuration of what is asked about; deciding works it out anew.
    digest = models.CharField(max_length=64)
    #: One line and the facts a reviewer should see, as they were when it was asked.
    summary = models.CharField(max_length=250)
    evidence = models.JSONField(default=dict)
    evidence_digest = models.CharField(max_length=64)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    #: The policy's terms when it was opened; stricter ones that came since hold as well.
    approvals_required = models.PositiveSmallIntegerField()
    reviewers = models.ForeignKey("auth.Group", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    #: None for a request from before requests expired.
    expires_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    #: Why it is void.
    state_reason = models.TextField(blank=True)
    opened_at = models.DateTimeField(default=now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-opened_at"]
        permissions = [("decide_approvalrequest", "Can decide approval requests")]
        indexes = [models.Index(fields=["-opened_at"], name="approvals_open", condition=Q(state="open"))]

    def __str__(self) -> str:
        return self.summary


class Decision(models.Model):
    """What one reviewer said, once, never changed: triggers refuse whatever else, and two accounts of one person."""

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


class Comment(models.Model):
    """A remark on a request that decides nothing; append-only as decisions are."""

    request = models.ForeignKey(ApprovalRequest, on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=2000)
    at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.author}: {self.text[:60]}"
