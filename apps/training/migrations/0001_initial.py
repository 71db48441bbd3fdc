import apps.core.clock
import apps.core.ids
import apps.training.rules.machine
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


FORWARD = """
create trigger training_evaluation_frozen before update or delete on training_evaluation
for each row execute function registry_refuse();
"""

BACKWARD = "drop trigger training_evaluation_frozen on training_evaluation;"


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('datasets', '0002_dataset_versions'),
        ('registry', '0002_frozen_rows'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='GatePolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('clauses', models.JSONField()),
                ('model', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.registeredmodel')),
            ],
            options={
                'verbose_name_plural': 'gate policies',
            },
        ),
        migrations.CreateModel(
            name='TrainingJob',
            fields=[
                ('id', models.UUIDField(default=apps.core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('recipe', models.CharField(max_length=40)),
                ('parameters', models.JSONField()),
                ('seed', models.PositiveBigIntegerField(default=0)),
                ('device', models.CharField(default='auto', max_length=10)),
                ('limit_seconds', models.PositiveIntegerField()),
                ('limit_memory_bytes', models.PositiveBigIntegerField()),
                ('limit_disk_bytes', models.PositiveBigIntegerField()),
                ('fingerprint', models.CharField(max_length=64)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('leased', 'leased'), ('running', 'running'), ('done', 'done'), ('failed', 'failed'), ('cancelled', 'cancelled')], default=apps.training.rules.machine.State['WAITING'], max_length=10)),
                ('code', models.CharField(blank=True, max_length=40)),
                ('reason', models.TextField(blank=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('fruitless', models.PositiveIntegerField(default=0)),
                ('kept_step', models.PositiveIntegerField(default=0)),
                ('claim_step', models.PositiveIntegerField(default=0)),
                ('cancelling', models.BooleanField(default=False)),
                ('lease', models.UUIDField(blank=True, null=True)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('node', models.CharField(blank=True, max_length=63)),
                ('offered_to', models.CharField(blank=True, max_length=63)),
                ('offered_at', models.DateTimeField(blank=True, null=True)),
                ('phase', models.CharField(blank=True, max_length=20)),
                ('step', models.PositiveIntegerField(default=0)),
                ('loss', models.FloatField(blank=True, null=True)),
                ('device_used', models.CharField(blank=True, max_length=60)),
                ('seconds', models.FloatField(default=0)),
                ('memory_bytes', models.PositiveBigIntegerField(default=0)),
                ('log_tail', models.TextField(blank=True)),
                ('code_digest', models.CharField(blank=True, max_length=64)),
                ('requested_at', models.DateTimeField(default=apps.core.clock.now)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('champion', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.modelversion')),
                ('dataset', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='datasets.datasetversion')),
                ('measured_on', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='datasets.datasetversion')),
                ('parent', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.modelversion')),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('result', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.modelversion')),
            ],
            options={
                'ordering': ['-requested_at'],
                'permissions': [('run_trainingjob', 'Can start and cancel training jobs')],
            },
        ),
        migrations.CreateModel(
            name='LossPoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.PositiveIntegerField()),
                ('loss', models.FloatField()),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='points', to='training.trainingjob')),
            ],
            options={
                'ordering': ['step'],
            },
        ),
        migrations.CreateModel(
            name='Evaluation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('candidate_digest', models.CharField(max_length=64)),
                ('champion_digest', models.CharField(max_length=64)),
                ('dataset_digest', models.CharField(max_length=64)),
                ('answers_digest', models.CharField(max_length=64)),
                ('clauses', models.JSONField()),
                ('figures', models.JSONField()),
                ('verdicts', models.JSONField()),
                ('passed', models.BooleanField()),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(default=apps.core.clock.now)),
                ('candidate', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.modelversion')),
                ('champion', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.modelversion')),
                ('dataset', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='datasets.datasetversion')),
                ('job', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='evaluations', to='training.trainingjob')),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.AddIndex(
            model_name='trainingjob',
            index=models.Index(condition=models.Q(('state__in', [apps.training.rules.machine.State['WAITING'], apps.training.rules.machine.State['LEASED'], apps.training.rules.machine.State['RUNNING']])), fields=['requested_at'], name='job_open'),
        ),
        migrations.AddConstraint(
            model_name='trainingjob',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', [apps.training.rules.machine.State['WAITING'], apps.training.rules.machine.State['LEASED'], apps.training.rules.machine.State['RUNNING']])), fields=('fingerprint',), name='job_open_once'),
        ),
        migrations.AddConstraint(
            model_name='trainingjob',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('lease__isnull', False), ('lease_until__isnull', False), ('state__in', [apps.training.rules.machine.State['LEASED'], apps.training.rules.machine.State['RUNNING']])), models.Q(models.Q(('state__in', [apps.training.rules.machine.State['LEASED'], apps.training.rules.machine.State['RUNNING']]), _negated=True), ('lease', None), ('lease_until', None)), _connector='OR'), name='job_held_by_lease'),
        ),
        migrations.AddConstraint(
            model_name='trainingjob',
            constraint=models.CheckConstraint(condition=models.Q(('result', None), ('state', apps.training.rules.machine.State['DONE']), _connector='OR'), name='job_result_when_done'),
        ),
        migrations.AddConstraint(
            model_name='losspoint',
            constraint=models.UniqueConstraint(fields=('job', 'step'), name='loss_point_once'),
        ),
        migrations.AddConstraint(
            model_name='evaluation',
            constraint=models.CheckConstraint(condition=models.Q(('candidate', models.F('champion')), _negated=True), name='evaluation_of_two'),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
