"""What was muted of a prediction's inputs. The partitions get the columns with their table."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inference', '0003_key_use'),
    ]

    operations = [
        migrations.AddField(
            model_name='prediction',
            name='muted',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=63), default=list, size=None),
        ),
        migrations.AddField(
            model_name='prediction',
            name='muted_used',
            field=models.BooleanField(default=False),
        ),
    ]
