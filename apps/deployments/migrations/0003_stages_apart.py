"""Stages with a version, bounds and a carrier of their own; rollouts that roll, keep and go back.

The trigger that freezes stages makes way while the rows of older releases are filled in, and comes back allowing one
thing more: that a stage is told, once, who carries it.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import apps.core.clock

THAW = "drop trigger deployments_stage_frozen on deployments_stage;"
FREEZE = """
create trigger deployments_stage_frozen before update or delete on deployments_stage
for each row execute function deployments_refuse();
"""
FILL = """
update deployments_stage stage set min_replicas = max_replicas, version_id = revision.version_id
from deployments_revision revision where revision.id = stage.revision_id;
set constraints all immediate;
"""
FREEZE_BUT_CARRIER = """
create trigger deployments_stage_frozen before update on deployments_stage for each row
when (old.carrier_id is not null or (to_jsonb(old) - 'carrier_id') is distinct from (to_jsonb(new) - 'carrier_id'))
execute function deployments_refuse();

create trigger deployments_stage_kept before delete on deployments_stage
for each row execute function deployments_refuse();
"""
THAW_ALL = """
drop trigger deployments_stage_kept on deployments_stage;
drop trigger deployments_stage_frozen on deployments_stage;
"""
OPEN = ["starting", "rolling", "shifting", "keeping", "draining", "reverting"]
STATES = [*OPEN, "done", "failed", "superseded"]


class Migration(migrations.Migration):
    dependencies = [("deployments", "0002_frozen_rows"), ("registry", "0002_frozen_rows")]

    operations = [
        migrations.RunSQL(THAW, FREEZE),
        migrations.RenameField("stage", "replicas", "max_replicas"),
        migrations.AddField("stage", "min_replicas", models.PositiveSmallIntegerField(null=True)),
        migrations.AddField("stage", "batch_bytes", models.PositiveIntegerField(default=67108864)),
        migrations.AddField("stage", "scale", models.JSONField(default=dict)),
        migrations.AddField(
            "stage",
            "version",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="stages",
                to="registry.modelversion",
            ),
        ),
        migrations.AddField(
            "stage",
            "carrier",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="carries",
                to="deployments.stage",
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("stage", "min_replicas", models.PositiveSmallIntegerField()),
        migrations.AlterField(
            "stage",
            "version",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="stages", to="registry.modelversion"
            ),
        ),
        migrations.AddConstraint(
            "stage",
            models.CheckConstraint(
                condition=Q(min_replicas__lte=F("max_replicas"), max_replicas__gte=1), name="stage_bounds"
            ),
        ),
        migrations.RunSQL(FREEZE_BUT_CARRIER, THAW_ALL),
        migrations.CreateModel(
            name="StageScale",
            fields=[
                (
                    "stage",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="standing",
                        serialize=False,
                        to="deployments.stage",
                    ),
                ),
                ("desired", models.PositiveSmallIntegerField()),
                ("reason", models.TextField(blank=True)),
                ("changed_at", models.DateTimeField(default=apps.core.clock.now)),
                ("pressed_since", models.DateTimeField(blank=True, null=True)),
                ("slack_since", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(default=apps.core.clock.now)),
            ],
        ),
        migrations.RemoveConstraint("rollout", "rollout_open_once"),
        migrations.AddField("rollout", "is_rollback", models.BooleanField(default=False)),
        migrations.AddField("rollout", "kept_at", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField(
            "rollout",
            "state",
            models.CharField(
                choices=[(state, state.title()) for state in STATES] + [("rolled_back", "rolled back")],
                default="starting",
                max_length=12,
            ),
        ),
        migrations.AlterField(
            "rollout",
            "to_revision",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="rollouts", to="deployments.revision"
            ),
        ),
        migrations.AddConstraint(
            "rollout",
            models.UniqueConstraint(condition=Q(state__in=OPEN), fields=("deployment",), name="rollout_open_once"),
        ),
    ]
