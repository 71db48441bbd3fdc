"""A retraining policy may plan a shadow, as it may a canary."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("training", "0004_evaluations_asked_for")]

    operations = [
        migrations.AddField(
            model_name="retrainpolicy",
            name="shadow",
            field=models.JSONField(blank=True, null=True),
        ),
    ]
