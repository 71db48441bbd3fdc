"""Predictions, their feedback, and deleting what is recorded of a subject, over REST."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.pagination import NewestFirst
from apps.core.permissions import actor_of, allowed_deployments
from apps.inference import access, selectors, services
from apps.inference.api import answers
from apps.inference.models import Prediction
from apps.inference.predictions import SOURCE_LENGTH, SUBJECT_LENGTH


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "integer"}, {"type": "boolean"}]})
class TruthField(serializers.CharField):
    """A label as the model would have given it: a text, a whole number, or true or false; kept as a text."""

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, bool):
            return "true" if data else "false"
        return super().to_internal_value(data)


class FeedbackQuestion(serializers.Serializer[Any]):
    truth = TruthField(max_length=1000, allow_blank=True, trim_whitespace=False)
    sample = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=32767, help_text="Which of the request's samples; the first."
    )
    source = serializers.CharField(  # type: ignore[assignment]  # a field here, not DRF's own attribute
        required=False, default="", allow_blank=True, max_length=SOURCE_LENGTH, help_text="Where you know it from."
    )


class FeedbackRow(FeedbackQuestion):
    prediction = serializers.UUIDField()


class FeedbackRows(serializers.Serializer[Any]):
    rows = serializers.ListField(child=FeedbackRow(), allow_empty=False, max_length=services.ROWS_MOST)


class PredictionFilter(serializers.Serializer[Any]):
    deployment = serializers.CharField(required=False, help_text="A deployment's name.")
    after = serializers.DateTimeField(required=False, help_text="From this moment on.")
    before = serializers.DateTimeField(required=False, help_text="Earlier than this.")
    failed = serializers.BooleanField(required=False, allow_null=True, default=None, help_text="Whether it failed.")
    error = serializers.CharField(required=False, help_text="One error's code.")
    label = serializers.CharField(  # type: ignore[assignment]  # as above
        required=False, help_text="The label of any of its samples."
    )


class Newest(NewestFirst):
    """By time, which leads to the partitions."""

    ordering = ("-at", "-id")


class PredictionList(generics.ListAPIView[Prediction]):
    """Predictions, newest first."""

    serializer_class = answers.PredictionAnswer
    pagination_class = Newest
    queryset = Prediction.objects.none()

    def get_queryset(self) -> Any:
        asked = PredictionFilter(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return selectors.predictions_list(allowed=allowed_deployments(self.request), **asked.validated_data)

    @extend_schema(parameters=[PredictionFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List predictions; a key sees those of its deployments."""
        return super().get(request, *args, **kwargs)


class PredictionDetail(APIView):
    """One prediction."""

    @extend_schema(responses=answers.PredictionWhole)
    def get(self, request: Request, prediction: UUID) -> Response:
        """Show a prediction with its kept inputs and its feedback."""
        return Response(answers.PredictionWhole(access.prediction_for(allowed_deployments(request), prediction)).data)


class FeedbackView(APIView):
    """What the views share: a key may write here with the scope `feedback`."""

    write_scope = "feedback"


class FeedbackOne(FeedbackView):
    """Feedback for one prediction."""

    @extend_schema(
        request=FeedbackQuestion,
        responses={200: answers.FeedbackAnswer, 201: answers.FeedbackAnswer, 202: answers.FeedbackAnswer},
    )
    def post(self, request: Request, prediction: UUID) -> Response:
        """Say what was true. 201: recorded. 200: known already, or corrected. 202: it waits for the record."""
        asked = FeedbackQuestion(data=request.data)
        asked.is_valid(raise_exception=True)
        given = services.Given(prediction=prediction, **asked.validated_data)
        [taken] = services.feedback_give(actor=actor_of(request), allowed=allowed_deployments(request), rows=[given])
        if taken.error:
            raise taken.error
        status = {"recorded": 201, "waiting": 202}.get(taken.status, 200)
        return Response(answers.FeedbackAnswer(taken.row).data, status=status)


class FeedbackMany(FeedbackView):
    """Feedback in bulk."""

    @extend_schema(request=FeedbackRows, responses=answers.FeedbackTakenList)
    def post(self, request: Request) -> Response:
        """Say what was true of many predictions at once; a row that is refused keeps no other from being taken."""
        asked = FeedbackRows(data=request.data)
        asked.is_valid(raise_exception=True)
        rows = [services.Given(**row) for row in asked.validated_data["rows"]]
        taken = services.feedback_give(actor=actor_of(request), allowed=allowed_deployments(request), rows=rows)
        return Response(answers.FeedbackTakenList({"rows": taken}).data)


class SubjectDetail(APIView):
    """What is recorded of a subject."""

    write_scope = "subjects:delete"

    @extend_schema(responses=answers.ErasedAnswer)
    def delete(self, request: Request, subject: str) -> Response:
        """Delete the subject's predictions, their feedback, and the kept inputs that nothing else uses."""
        asked = serializers.CharField(max_length=SUBJECT_LENGTH, trim_whitespace=False).run_validation(subject)
        return Response(answers.ErasedAnswer(services.subject_erase(actor=actor_of(request), subject=asked)).data)
