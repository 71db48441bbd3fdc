"""Aliases that move only with an approval, and the requests to move them, whose question never changes."""

import apps.core.clock
import apps.core.ids
import apps.registry.rules.names
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

FORWARD = """
create trigger registry_aliasrequest_frozen before update on registry_aliasrequest for each row
when (old.state <> 'requested' or
      (old.id, old.model_id, old.alias, old.from_version_id, old.to_version_id, old.reason, old.digest, old.approval,
       old.requested_by_id, old.requested_at)
      is distinct from
      (new.id, new.model_id, new.alias, new.from_version_id, new.to_version_id, new.reason, new.digest, new.approval,
       new.requested_by_id, new.requested_at))
execute function registry_refuse();

create trigger registry_aliasrequest_kept before delete on registry_aliasrequest
for each row execute function registry_refuse();
"""

BACKWARD = """
drop trigger registry_aliasrequest_kept on registry_aliasrequest;
drop trigger registry_aliasrequest_frozen on registry_aliasrequest;
"""


def to(model, **options):
    return models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=model, **options)


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_frozen_rows"), migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.AddField(
            model_name="registeredmodel",
            name="protected_aliases",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=63),
                blank=True,
                default=apps.registry.rules.names.protected_default,
                help_text="Setting, moving and removing these needs the approval of a second person.",
                size=None,
            ),
        ),
        migrations.CreateModel(
            name="AliasRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("alias", models.CharField(max_length=63)),
                ("reason", models.TextField(blank=True)),
                ("digest", models.CharField(max_length=64)),
                ("approval", models.UUIDField(default=apps.core.ids.new_id, editable=False, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "Requested"),
                            ("moved", "Moved"),
                            ("rejected", "Rejected"),
                            ("void", "Void"),
                        ],
                        default="requested",
                        max_length=10,
                    ),
                ),
                ("state_reason", models.TextField(blank=True)),
                ("requested_at", models.DateTimeField(default=apps.core.clock.now)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("approved_by", to(settings.AUTH_USER_MODEL, null=True, related_name="+")),
                ("from_version", to("registry.modelversion", null=True, related_name="+")),
                ("model", to("registry.registeredmodel", related_name="alias_requests")),
                ("requested_by", to(settings.AUTH_USER_MODEL, related_name="+")),
                ("to_version", to("registry.modelversion", null=True, related_name="alias_requests")),
            ],
            options={
                "ordering": ["-pk"],
                "indexes": [
                    models.Index(fields=["model", "alias"], name="alias_requested", condition=Q(state="requested"))
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(approved_by=None) | ~Q(approved_by=F("requested_by")),
                        name="alias_request_four_eyes",
                    ),
                    models.CheckConstraint(
                        condition=~Q(state="moved") | Q(approved_by__isnull=False),
                        name="alias_request_approved_first",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
