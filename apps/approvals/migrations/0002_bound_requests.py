"""Requests bound to their evidence, with terms and an end; discussion; decisions and remarks that nobody takes back."""

import apps.core.clock
import django.db.models.deletion
from apps.approvals.rules import evidence_digest
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

FORWARD = """
create trigger approvals_decision_kept before update or delete on approvals_decision
for each statement execute function core_append_only();
create trigger approvals_decision_not_emptied before truncate on approvals_decision
for each statement execute function core_append_only();
create trigger approvals_comment_kept before update or delete on approvals_comment
for each statement execute function core_append_only();
create trigger approvals_comment_not_emptied before truncate on approvals_comment
for each statement execute function core_append_only();

create function approvals_request_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'an approval request never changes but to be closed, once' using errcode = 'restrict_violation';
end $$;
create trigger approvals_request_frozen before update on approvals_approvalrequest for each row
when (old.state <> 'open' or
      (old.id, old.event_id, old.kind, old.subject_id, old.scope, old.digest, old.summary, old.evidence,
       old.evidence_digest, old.requested_by_id, old.approvals_required, old.reviewers_id, old.expires_at, old.opened_at)
      is distinct from
      (new.id, new.event_id, new.kind, new.subject_id, new.scope, new.digest, new.summary, new.evidence,
       new.evidence_digest, new.requested_by_id, new.approvals_required, new.reviewers_id, new.expires_at, new.opened_at))
execute function approvals_request_refuse();
create trigger approvals_request_kept before delete on approvals_approvalrequest
for each statement execute function core_append_only();
create trigger approvals_request_not_emptied before truncate on approvals_approvalrequest
for each statement execute function core_append_only();

-- Two accounts of one person are one pair of eyes. The lock has two decisions of one request wait for each other.
create function approvals_decision_fits() returns trigger language plpgsql as $$
declare
    asked approvals_approvalrequest;
    asker bigint;
    decider bigint;
begin
    select * into asked from approvals_approvalrequest where id = new.request_id for no key update;
    select coalesce(owner_id, id) into asker from core_user where id = asked.requested_by_id;
    select coalesce(owner_id, id) into decider from core_user where id = new.reviewer_id;
    if new.requested_by_id <> asked.requested_by_id or decider = asker then
        raise exception 'decision_four_eyes: who asks cannot decide' using errcode = 'check_violation';
    end if;
    if asked.state <> 'open' then
        raise exception 'this approval request is %', asked.state using errcode = 'check_violation';
    end if;
    if exists (select from approvals_decision said join core_user u on u.id = said.reviewer_id
               where said.request_id = new.request_id and coalesce(u.owner_id, u.id) = decider) then
        raise exception 'decision_once_a_reviewer: this person has decided' using errcode = 'unique_violation';
    end if;
    return new;
end $$;
create trigger approvals_decision_fit before insert on approvals_decision
for each row execute function approvals_decision_fits();
"""

BACKWARD = """
drop trigger approvals_decision_fit on approvals_decision;
drop function approvals_decision_fits();
drop trigger approvals_request_not_emptied on approvals_approvalrequest;
drop trigger approvals_request_kept on approvals_approvalrequest;
drop trigger approvals_request_frozen on approvals_approvalrequest;
drop function approvals_request_refuse();
drop trigger approvals_comment_not_emptied on approvals_comment;
drop trigger approvals_comment_kept on approvals_comment;
drop trigger approvals_decision_not_emptied on approvals_decision;
drop trigger approvals_decision_kept on approvals_decision;
"""


def evidence_bind(state, schema_editor):
    """What was asked before is bound to the evidence that is stored now."""
    requests = state.get_model("approvals", "ApprovalRequest").objects
    for request in requests.only("pk", "evidence").iterator():
        requests.filter(pk=request.pk).update(evidence_digest=evidence_digest(request.evidence))


def to(model, **options):
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=model, **options)


STATES = ["open", "granted", "rejected", "void", "expired"]


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("core", "0002_audit_kept"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Comment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField(max_length=2000)),
                ("at", models.DateTimeField(default=apps.core.clock.now)),
                ("author", to(settings.AUTH_USER_MODEL, related_name="+")),
                ("request", to("approvals.approvalrequest", related_name="comments")),
            ],
            options={"ordering": ["at", "pk"]},
        ),
        migrations.AddField(
            "approvalrequest", "evidence_digest", models.CharField(default="", max_length=64), preserve_default=False
        ),
        migrations.AddField("approvalrequest", "expires_at", models.DateTimeField(blank=True, null=True)),
        migrations.AddField("approvalrequest", "reviewers", to("auth.group", blank=True, null=True, related_name="+")),
        migrations.AddField("approvalrequest", "scope", models.CharField(blank=True, max_length=63)),
        migrations.AddField("approvalrequest", "state_reason", models.TextField(blank=True)),
        migrations.AlterField(
            "approvalrequest",
            "state",
            models.CharField(choices=[(s, s.capitalize()) for s in STATES], default="open", max_length=10),
        ),
        migrations.AddField(
            "policy",
            "expires_after_h",
            models.PositiveSmallIntegerField(
                "expires after", blank=True, help_text="Hours; empty for QUARTET_APPROVALS_EXPIRE_HOURS.", null=True
            ),
        ),
        migrations.AddField(
            "policy",
            "reviewers",
            to(
                "auth.group",
                blank=True,
                null=True,
                related_name="+",
                help_text="Only its members' decisions count. Each needs the right to decide besides.",
            ),
        ),
        migrations.AddField(
            "policy",
            "scope",
            models.CharField(
                blank=True,
                help_text="The deployment (rollout) or the model (alias) for which this holds; empty for every other.",
                max_length=63,
            ),
        ),
        migrations.AlterField(
            "policy",
            "kind",
            models.CharField(
                choices=[("rollout", "Rollout of a revision"), ("alias", "Move of a protected alias")], max_length=50
            ),
        ),
        migrations.AddConstraint(
            "policy",
            models.CheckConstraint(
                condition=Q(expires_after_h=None) | Q(expires_after_h__gte=1), name="policy_gives_time"
            ),
        ),
        migrations.AddConstraint(
            "policy", models.UniqueConstraint(fields=("kind", "scope"), name="policy_once")
        ),
        migrations.RunPython(evidence_bind, migrations.RunPython.noop),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
