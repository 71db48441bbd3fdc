"""Predictions, in a table that Django cannot make: partitioned by day. services/partitions.py makes and drops the days."""

import apps.core.clock
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


FORWARD = """
create table inference_prediction (
    at timestamptz not null,
    id uuid not null,
    deployment varchar(63) not null,
    revision integer not null check (revision >= 0),
    version integer not null check (version >= 0),
    error varchar(63) not null,
    latency_ms double precision not null,
    queue_ms double precision not null,
    samples smallint not null check (samples >= 0),
    inputs varchar(63)[] not null,
    missing varchar(63)[] not null,
    labels text[] not null,
    confidences real[] not null,
    subject varchar(200) not null,
    primary key (at, id)
) partition by range (at);
create index prediction_deployment on inference_prediction (deployment, at);
create index prediction_subject on inference_prediction (subject) where subject <> '';
"""
BACKWARD = "drop table inference_prediction;"


class Migration(migrations.Migration):

    dependencies = [
        ('datasets', '0001_initial'),
        ('inference', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RecordTally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('recorded', models.PositiveBigIntegerField(default=0)),
                ('dropped', models.PositiveBigIntegerField(default=0)),
                ('dropped_seen', models.PositiveBigIntegerField(default=0)),
                ('kept_dropped', models.PositiveBigIntegerField(default=0)),
                ('kept_dropped_seen', models.PositiveBigIntegerField(default=0)),
                ('refused', models.PositiveBigIntegerField(default=0)),
                ('feedback_expired', models.PositiveBigIntegerField(default=0)),
                ('feedback_refused', models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='SubjectErasure',
            fields=[
                ('digest', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=apps.core.clock.now)),
            ],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD, BACKWARD)],
            state_operations=[
                migrations.CreateModel(
                    name='Prediction',
                    fields=[
                        ('pk', models.CompositePrimaryKey('at', 'id', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('id', models.UUIDField()),
                        ('at', models.DateTimeField()),
                        ('deployment', models.CharField(max_length=63)),
                        ('revision', models.PositiveIntegerField()),
                        ('version', models.PositiveIntegerField()),
                        ('error', models.CharField(blank=True, max_length=63)),
                        ('latency_ms', models.FloatField()),
                        ('queue_ms', models.FloatField()),
                        ('samples', models.PositiveSmallIntegerField()),
                        ('inputs', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=63), default=list, size=None)),
                        ('missing', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=63), default=list, size=None)),
                        ('labels', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None)),
                        ('confidences', django.contrib.postgres.fields.ArrayField(base_field=models.FloatField(null=True), default=list, size=None)),
                        ('subject', models.CharField(blank=True, max_length=200)),
                    ],
                    options={
                        'indexes': [models.Index(fields=['deployment', 'at'], name='prediction_deployment'), models.Index(condition=models.Q(('subject', ''), _negated=True), fields=['subject'], name='prediction_subject')],
                    },
                ),
            ],
        ),
        migrations.CreateModel(
            name='Feedback',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('prediction', models.UUIDField()),
                ('at', models.DateTimeField()),
                ('sample', models.PositiveSmallIntegerField(default=0)),
                ('truth', models.TextField()),
                ('given_at', models.DateTimeField(default=apps.core.clock.now)),
                ('source', models.CharField(blank=True, max_length=100)),
                ('history', models.JSONField(default=list)),
                ('deployment', models.CharField(blank=True, max_length=63)),
                ('bound_at', models.DateTimeField(blank=True, null=True)),
                ('allowed', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=63), blank=True, default=list, size=None)),
                ('given_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'feedback',
                'indexes': [models.Index(condition=models.Q(('bound_at', None)), fields=['given_at'], name='feedback_waiting'), models.Index(fields=['deployment', 'at'], name='feedback_deployment')],
                'constraints': [models.UniqueConstraint(fields=('prediction', 'sample'), name='feedback_once'), models.CheckConstraint(condition=models.Q(models.Q(('bound_at', None), ('deployment', '')), models.Q(('bound_at__isnull', False), models.Q(('deployment', ''), _negated=True)), _connector='OR'), name='feedback_bound_whole')],
            },
        ),
        migrations.CreateModel(
            name='KeptInput',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('prediction', models.UUIDField()),
                ('at', models.DateTimeField()),
                ('deployment', models.CharField(max_length=63)),
                ('input', models.CharField(max_length=63)),
                ('sample', models.PositiveSmallIntegerField()),
                ('asset', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='datasets.asset')),
            ],
            options={
                'indexes': [models.Index(fields=['at'], name='kept_input_at')],
                'constraints': [models.UniqueConstraint(fields=('prediction', 'input', 'sample'), name='kept_input_once')],
            },
        ),
    ]
