"""Rollouts may stand in the shadow."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('deployments', '0005_canary'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='rollout',
            name='rollout_open_once',
        ),
        migrations.AlterField(
            model_name='rollout',
            name='state',
            field=models.CharField(choices=[('starting', 'Starting'), ('rolling', 'Rolling'), ('canary', 'Canary'), ('shadow', 'Shadow'), ('shifting', 'Shifting'), ('keeping', 'Keeping'), ('draining', 'Draining'), ('reverting', 'Reverting'), ('done', 'Done'), ('failed', 'Failed'), ('superseded', 'Superseded'), ('rolled_back', 'rolled back')], default='starting', max_length=12),
        ),
        migrations.AddConstraint(
            model_name='rollout',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['starting', 'rolling', 'canary', 'shadow', 'shifting', 'keeping', 'draining', 'reverting'])), fields=('deployment',), name='rollout_open_once'),
        ),
    ]
