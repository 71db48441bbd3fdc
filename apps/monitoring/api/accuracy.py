"""How often a deployment was right, over REST."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.permissions import actor_of, allowed_deployments
from apps.inference.access import deployment_to_judge
from apps.monitoring.rules.accuracy import USUAL, WINDOWS, Course, Tally, total
from apps.monitoring.selectors import deployment_accuracy


class AccuracyQuestion(serializers.Serializer[Any]):
    window = serializers.ChoiceField(
        choices=list(WINDOWS),
        required=False,
        default=USUAL,
        help_text="How far back from now, by the predictions' time.",
    )


class TallyAnswer(serializers.Serializer[Any]):
    """Samples, not requests. What nothing is known of is null, never 0."""

    predictions = serializers.IntegerField(help_text="Samples that were answered with a label.")
    labelled = serializers.IntegerField(help_text="Those of them whose truth is known.")
    right = serializers.IntegerField(help_text="Those of these whose label was the truth.")
    accuracy = serializers.FloatField(allow_null=True, help_text="right / labelled")
    interval = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="Low and high: Wilson's at 95 %."
    )
    coverage = serializers.FloatField(allow_null=True, help_text="labelled / predictions")


_TALLY = tuple(TallyAnswer().fields)


class AccuracyPoint(TallyAnswer):
    at = serializers.DateTimeField(help_text="When the step begins; the last one is still filling.")


class AccuracyCourse(TallyAnswer):
    series = AccuracyPoint(many=True)


class RevisionAccuracy(AccuracyCourse):
    revision = serializers.IntegerField()


class AccuracyAnswer(AccuracyCourse):
    """The deployment in all, and by revision."""

    deployment = serializers.CharField()
    window = serializers.ChoiceField(choices=list(WINDOWS))
    step_s = serializers.IntegerField(help_text="Length of a step of the series, in seconds.")
    revisions = RevisionAccuracy(many=True)


class DeploymentAccuracy(APIView):
    """The accuracy of one deployment."""

    @extend_schema(parameters=[AccuracyQuestion], responses=AccuracyAnswer)
    def get(self, request: Request, name: str) -> Response:
        """Tell how often labels were right of what is labelled, beside how much is; a late label counts at once."""
        deployment = deployment_to_judge(actor_of(request), allowed_deployments(request), name)
        asked = AccuracyQuestion(data=request.query_params)
        asked.is_valid(raise_exception=True)
        window = asked.validated_data["window"]
        course = deployment_accuracy(deployment.name, window)
        about = {"deployment": deployment.name, "window": window, "step_s": course.step}
        revisions = [{"revision": number, **_line(course, line)} for number, line in course.revisions.items()]
        return Response(AccuracyAnswer({**about, **_line(course, course.together()), "revisions": revisions}).data)


def _line(course: Course, line: Sequence[Tally]) -> dict[str, Any]:
    points = [{"at": datetime.fromtimestamp(at, UTC), **_tally(each)} for at, each in zip(course.at, line, strict=True)]
    return {**_tally(total(line)), "series": points}


def _tally(tally: Tally) -> dict[str, Any]:
    return {name: getattr(tally, name) for name in _TALLY}
