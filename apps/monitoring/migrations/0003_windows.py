from django.db import migrations, models


class Migration(migrations.Migration):
    """The windows of before had other buckets, a tenth wide. They are dropped: of the seven days that they were kept for,
    charts showed an hour."""

    dependencies = [("monitoring", "0002_accuracy"), ("inference", "0002_predictions")]

    operations = [
        migrations.DeleteModel(name="MetricWindow"),
        migrations.CreateModel(
            name="MetricWindow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("step", models.PositiveSmallIntegerField()),
                ("start", models.DateTimeField()),
                ("deployment", models.CharField(blank=True, max_length=63)),
                ("revision", models.PositiveIntegerField()),
                ("heard", models.PositiveSmallIntegerField(default=0)),
                ("requests", models.PositiveBigIntegerField(default=0)),
                ("samples", models.PositiveBigIntegerField(default=0)),
                ("errors", models.JSONField(default=dict)),
                ("inputs", models.JSONField(default=dict)),
                ("sketches", models.BinaryField(default=b"")),
                ("rolled", models.BooleanField(default=False)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["step", "start"], name="metric_window_start"),
                    models.Index(
                        condition=models.Q(("rolled", False), ("step__lt", 60)),
                        fields=["start"],
                        name="metric_window_open",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("deployment", "step", "start", "revision"), name="metric_window_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MetricTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("deployment", models.CharField(max_length=63)),
                ("revision", models.PositiveIntegerField()),
                ("counts", models.JSONField(default=dict)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("deployment", "revision"), name="metric_total_once")
                ],
            },
        ),
        # When labels arrived, for the marks of charts: a reader's need, so it is made here beside the triggers of 0002.
        migrations.RunSQL(
            "create index feedback_given on inference_feedback (deployment, given_at)",
            "drop index feedback_given",
        ),
    ]
