"""Policies and runs over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.permissions import actor_of, allowed_deployments
from apps.drift import access, selectors, services
from apps.drift.api.answers import PolicyAnswer, RunAnswer, RunDetailAnswer
from apps.drift.models import DriftRun
from apps.drift.rules.policy import DEFAULTS, LEVEL, LIMITS
from apps.inference.access import deployment_to_judge


def _whole(name: str, **fields: Any) -> serializers.IntegerField:
    least, most = LIMITS[name]
    return serializers.IntegerField(required=False, min_value=least, max_value=most, default=DEFAULTS[name], **fields)


class PolicyQuestion(serializers.Serializer[Any]):
    every_minutes = _whole("every_minutes", allow_null=True, help_text="A run every so many minutes; null for none.")
    every_predictions = _whole(
        "every_predictions", allow_null=True, help_text="A run after so many predictions; null for none."
    )
    window = _whole("window", help_text="The newest so many predictions whose inputs the rate keeps.")
    window_hours = _whole("window_hours", help_text="At most so far back.")
    level = serializers.FloatField(
        required=False,
        min_value=LEVEL[0],
        max_value=LEVEL[1],
        default=DEFAULTS["level"],
        help_text="The chance of a false alarm in a run.",
    )
    answer_without_drifted = serializers.BooleanField(
        required=False,
        default=DEFAULTS["answer_without_drifted"],
        help_text="While one modality is drifted, answer from the others.",
    )


class RunQuestion(serializers.Serializer[Any]):
    after = serializers.DateTimeField(required=False, help_text="From this moment on, instead of the policy's window.")
    before = serializers.DateTimeField(required=False, help_text="Earlier than this; only with after.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "before" in attrs and "after" not in attrs:
            raise serializers.ValidationError("before is said together with after.")
        return attrs


class DriftView(APIView):
    """What the views share: a key may write here with the scope `deployments:write`."""

    write_scope = "deployments:write"


class DeploymentPolicy(DriftView):
    """When one deployment is looked at, and how strictly."""

    @extend_schema(responses=PolicyAnswer)
    def get(self, request: Request, name: str) -> Response:
        """Show the deployment's drift policy."""
        deployment = deployment_to_judge(actor_of(request), allowed_deployments(request), name)
        return Response(PolicyAnswer(selectors.policy_of(deployment)).data)

    @extend_schema(request=PolicyQuestion, responses=PolicyAnswer)
    def put(self, request: Request, name: str) -> Response:
        """Set the deployment's drift policy; what is left out is as by default."""
        actor = actor_of(request)
        deployment = access.deployment_to_watch(actor, allowed_deployments(request), name)
        asked = PolicyQuestion(data=request.data)
        asked.is_valid(raise_exception=True)
        policy = services.policy_set(actor=actor, deployment=deployment, **asked.validated_data)
        return Response(PolicyAnswer(policy).data)


class DeploymentRuns(generics.ListAPIView[DriftRun], DriftView):
    """The runs of one deployment, newest first."""

    serializer_class = RunAnswer
    queryset = DriftRun.objects.none()

    def get_queryset(self) -> Any:
        allowed = allowed_deployments(self.request)
        return selectors.runs_list(deployment_to_judge(actor_of(self.request), allowed, self.kwargs["name"]))

    @extend_schema(request=RunQuestion, responses={200: RunAnswer, 201: RunAnswer})
    def post(self, request: Request, name: str) -> Response:
        """Ask for a run now: 201, or 200 with the one that waits or runs already."""
        actor = actor_of(request)
        deployment = access.deployment_to_watch(actor, allowed_deployments(request), name)
        asked = RunQuestion(data=request.data)
        asked.is_valid(raise_exception=True)
        run, created = services.run_request(actor=actor, deployment=deployment, **asked.validated_data)
        return Response(RunAnswer(run).data, status=201 if created else 200)


class RunDetail(DriftView):
    """One run."""

    @extend_schema(responses=RunDetailAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """Show a run with its groups, the samples that drove them, and every signal with both distributions."""
        return Response(RunDetailAnswer(access.run_for(allowed_deployments(request), pk)).data)
