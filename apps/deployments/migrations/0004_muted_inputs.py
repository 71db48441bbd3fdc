"""Inputs that a deployment answers without for a while."""

import apps.core.clock
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('deployments', '0003_stages_apart'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MutedInput',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('input', models.CharField(max_length=63)),
                ('reason', models.TextField(blank=True)),
                ('muted_at', models.DateTimeField(default=apps.core.clock.now)),
                ('drift_run', models.PositiveBigIntegerField(blank=True, null=True)),
                ('released_at', models.DateTimeField(blank=True, null=True)),
                ('release_reason', models.TextField(blank=True)),
                ('deployment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='muted_inputs', to='deployments.deployment')),
                ('muted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('released_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('released_at', None)), fields=('deployment', 'input'), name='muted_input_once'), models.CheckConstraint(condition=models.Q(models.Q(('drift_run__isnull', False), ('muted_by', None)), models.Q(('drift_run', None), ('muted_by__isnull', False)), _connector='OR'), name='muted_input_by_one'), models.CheckConstraint(condition=models.Q(('released_at__isnull', False), ('released_by', None), _connector='OR'), name='muted_input_released_whole')],
            },
        ),
    ]
