"""A job knows its evaluation, also where an earlier job came to an equal one."""

import django.db.models.deletion
from django.db import migrations, models


def known_before(apps, schema_editor):
    """What earlier jobs were measured to be."""
    jobs, evaluations = apps.get_model("training", "TrainingJob"), apps.get_model("training", "Evaluation")
    for evaluation in evaluations.objects.filter(job__isnull=False).order_by("pk").only("pk", "job_id"):
        jobs.objects.filter(pk=evaluation.job_id).update(evaluation=evaluation.pk)


class Migration(migrations.Migration):
    dependencies = [("training", "0003_reviewers_set_gates")]

    operations = [
        migrations.AddField(
            model_name="trainingjob",
            name="evaluation",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="training.evaluation",
            ),
        ),
        migrations.RunPython(known_before, migrations.RunPython.noop, elidable=True),
    ]
