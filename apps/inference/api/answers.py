"""What is answered of predictions and feedback."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.errors import CallerError
from apps.inference.models import Feedback, KeptInput, Prediction
from apps.inference.services import Taken


class FeedbackBefore(serializers.Serializer[Any]):
    """What was said before; of which deployments its giver's key may speak is nobody's business."""

    truth = serializers.CharField()
    given_by = serializers.CharField()
    given_at = serializers.DateTimeField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field here, not DRF's own attribute


class FeedbackAnswer(serializers.ModelSerializer[Feedback]):
    given_by = serializers.CharField(source="given_by.username")
    history = FeedbackBefore(many=True, help_text="What was said before, oldest first.")
    deployment = serializers.CharField(help_text="Empty while the prediction's record is awaited.")

    class Meta:
        model = Feedback
        fields = ["prediction", "sample", "truth", "source", "deployment", "given_by", "given_at", "history"]


class FeedbackTaken(serializers.Serializer[Taken]):
    """One row of a bulk form, in the order given."""

    prediction = serializers.UUIDField(source="given.prediction")
    sample = serializers.IntegerField(source="given.sample")
    status = serializers.CharField(help_text="recorded, corrected, unchanged, waiting or refused.")
    error = serializers.SerializerMethodField()

    @extend_schema_field({"type": "object", "nullable": True})
    def get_error(self, taken: Taken) -> dict[str, Any] | None:
        """Code, message, fault and remedy of a refused one."""
        error: CallerError | None = taken.error
        return error.as_dict()["error"] if error else None


class FeedbackTakenList(serializers.Serializer[Any]):
    rows = FeedbackTaken(many=True)


class PredictionAnswer(serializers.ModelSerializer[Prediction]):
    labels = serializers.ListField(child=serializers.CharField(), help_text="A sample each.")
    confidences = serializers.ListField(child=serializers.FloatField(allow_null=True), help_text="A sample each.")
    muted = serializers.ListField(
        child=serializers.CharField(), help_text="Inputs that it brought while they were muted."
    )
    muted_used = serializers.BooleanField(help_text="Whether it was answered from them, for want of any other.")

    class Meta:
        model = Prediction
        fields = [
            *("id", "at", "deployment", "revision", "version", "error", "latency_ms", "queue_ms", "samples"),
            *("inputs", "missing", "muted", "muted_used", "labels", "confidences", "subject"),
        ]


class PredictionWhole(PredictionAnswer):
    kept = serializers.SerializerMethodField(help_text="Input -> the SHA-256 of the asset of each sample, or null.")
    feedback = serializers.SerializerMethodField()

    class Meta(PredictionAnswer.Meta):
        fields = [*PredictionAnswer.Meta.fields, "kept", "feedback"]

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "array"}})
    def get_kept(self, prediction: Prediction) -> dict[str, list[str | None]]:
        """By input, then by sample."""
        kept: dict[str, list[str | None]] = {}
        for row in KeptInput.objects.filter(prediction=prediction.id):
            kept.setdefault(row.input, [None] * prediction.samples)[row.sample] = row.asset_id
        return kept

    @extend_schema_field(FeedbackAnswer(many=True))
    def get_feedback(self, prediction: Prediction) -> Any:
        """By sample."""
        rows = Feedback.objects.filter(prediction=prediction.id).select_related("given_by").order_by("sample")
        return FeedbackAnswer(rows, many=True).data


class ErasedAnswer(serializers.Serializer[Any]):
    predictions = serializers.IntegerField()
    feedback = serializers.IntegerField()
    assets = serializers.IntegerField()
