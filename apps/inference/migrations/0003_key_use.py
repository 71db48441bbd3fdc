"""When a key last opened REST."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inference", "0002_predictions")]

    operations = [
        migrations.AddField("apikey", "last_used_at", models.DateTimeField(blank=True, null=True)),
    ]
