"""What the REST edge answers."""

from typing import Any

from rest_framework import serializers

from apps.training.models import Evaluation, TrainingJob
from apps.training.selectors import job_points


class JobAnswer(serializers.ModelSerializer[TrainingJob]):
    parent = serializers.CharField()  # type: ignore[assignment]  # a field here, not DRF's own
    dataset = serializers.CharField()
    measured_on = serializers.CharField(allow_null=True)
    champion = serializers.CharField(allow_null=True)
    result = serializers.CharField(allow_null=True)
    requested_by = serializers.CharField(source="requested_by.username")
    state = serializers.CharField(help_text="waiting, leased, running, done, failed or cancelled.")
    parameters = serializers.DictField()

    class Meta:
        model = TrainingJob
        fields = [
            *("id", "parent", "dataset", "recipe", "parameters", "seed", "device", "measured_on", "champion"),
            *("limit_seconds", "limit_memory_bytes", "limit_disk_bytes", "state", "code", "reason", "attempts"),
            *("cancelling", "node", "phase", "step", "loss", "kept_step", "device_used", "seconds", "memory_bytes"),
            *("result", "code_digest", "requested_by", "requested_at", "started_at", "ended_at"),
        ]


class LossAnswer(serializers.Serializer[Any]):
    step = serializers.IntegerField()
    loss = serializers.FloatField()


class EvaluationAnswer(serializers.ModelSerializer[Evaluation]):
    candidate = serializers.CharField()
    champion = serializers.CharField()
    dataset = serializers.CharField()

    class Meta:
        model = Evaluation
        fields = [
            *("id", "candidate", "champion", "dataset", "job", "passed", "verdicts", "figures", "clauses", "digest"),
            *("candidate_digest", "champion_digest", "dataset_digest", "answers_digest", "created_at"),
        ]


class JobDetailAnswer(JobAnswer):
    points = serializers.SerializerMethodField()
    evaluation = EvaluationAnswer(allow_null=True, help_text="What it was measured to be, once it is done.")

    class Meta(JobAnswer.Meta):
        fields = [*JobAnswer.Meta.fields, "log_tail", "points", "evaluation"]

    def get_points(self, job: TrainingJob) -> list[dict[str, float]]:
        """The loss curve."""
        return [{"step": step, "loss": loss} for step, loss in job_points(job)]


class ParameterAnswer(serializers.Serializer[Any]):
    name = serializers.CharField()
    least = serializers.FloatField()
    most = serializers.FloatField()
    default = serializers.FloatField(allow_null=True)
    about = serializers.CharField()


class RecipeAnswer(serializers.Serializer[Any]):
    name = serializers.CharField()
    about = serializers.CharField()
    parameters = ParameterAnswer(many=True)
