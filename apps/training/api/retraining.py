"""Retraining over REST: policies, triggers, and asking for one now."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.permissions import actor_of, allowed_deployments
from apps.datasets.access import version_named
from apps.inference.access import deployment_to_judge
from apps.training import access, selectors, services
from apps.training.api.questions import LimitQuestion
from apps.training.api.views import TrainingView
from apps.training.models import RetrainPolicy, RetrainTrigger
from apps.training.rules.retraining import DEFAULTS, LIMITS, WINDOWS
from apps.training.rules.triggers import State


def _whole(name: str, **fields: Any) -> serializers.IntegerField:
    least, most = LIMITS[name]
    return serializers.IntegerField(required=False, min_value=least, max_value=most, default=DEFAULTS[name], **fields)


def _datasets(what: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(), required=False, default=list, help_text=f"Dataset versions {what}, as digits/2."
    )


class RetrainPolicyQuestion(serializers.Serializer[Any]):
    enabled = serializers.BooleanField(required=False, default=True, help_text="Off, nothing fires by itself.")
    on_drift = serializers.BooleanField(required=False, default=True, help_text="Drift calls for retraining.")
    drift_groups = serializers.ListField(
        child=serializers.CharField(max_length=63), required=False, default=list, help_text="Which; none for all."
    )
    accuracy_floor = serializers.FloatField(
        required=False, allow_null=True, min_value=0, max_value=1, default=None, help_text="Right less often calls."
    )
    accuracy_least = _whole("accuracy_least", help_text="Of at least so many labelled samples.")
    accuracy_window = serializers.CharField(
        required=False, default=DEFAULTS["accuracy_window"], help_text=f"One of {', '.join(WINDOWS)}."
    )
    every_hours = _whole("every_hours", allow_null=True, help_text="So long after the last; null for never.")
    every_labels = _whole("every_labels", allow_null=True, help_text="After so many labels; null for never.")
    cooldown_s = _whole("cooldown_s", help_text="From the end of one to the next.")
    least_labels = _whole("least_labels", help_text="Newly labelled samples that it takes.")
    wait_s = _whole("wait_s", help_text="How long a trigger waits for them.")
    held_out = serializers.FloatField(
        required=False, min_value=0.05, max_value=0.9, default=DEFAULTS["held_out"], help_text="Measured with only."
    )
    newest = _whole("newest", help_text="Of what was met, the newest so many samples.")
    days = _whole("days", help_text="And at most so old.")
    base = _datasets("to learn from")
    measured_on = _datasets("to measure with")
    recipe = serializers.CharField(required=False, default=DEFAULTS["recipe"], help_text="GET /training/recipes")
    parameters = serializers.DictField(required=False, default=dict, help_text="Of the recipe.")
    seed = serializers.IntegerField(required=False, default=0, min_value=0)
    device = serializers.CharField(required=False, default="auto", help_text="auto, cpu or cuda.")
    limit = LimitQuestion(required=False, default=dict)
    strategy = serializers.CharField(
        required=False, default=DEFAULTS["strategy"], help_text="How a candidate is let in, as of a revision."
    )
    canary = serializers.DictField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The plan, as of a revision, but labels is 1; null for that.",
    )
    shadow = serializers.DictField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Likewise, and differs is 1; `then: canary` takes both plans.",
    )


class RetrainPolicyAnswer(serializers.ModelSerializer[RetrainPolicy]):
    deployment = serializers.CharField(source="deployment.name")
    drift_groups = serializers.ListField(child=serializers.CharField())
    base = serializers.SerializerMethodField()
    measured_on = serializers.SerializerMethodField()
    parameters = serializers.DictField()
    limit = serializers.DictField()
    canary = serializers.DictField(allow_null=True)
    shadow = serializers.DictField(allow_null=True)
    set_by = serializers.CharField(source="set_by.username")

    class Meta:
        model = RetrainPolicy
        fields = ["deployment", *DEFAULTS, "base", "measured_on", "set_by", "changed_at"]

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_base(self, policy: RetrainPolicy) -> list[str]:
        """Names of dataset versions."""
        return [str(each) for each in policy.base.all()]

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_measured_on(self, policy: RetrainPolicy) -> list[str]:
        """Names of dataset versions."""
        return [str(each) for each in policy.measured_on.all()]


class TriggerAnswer(serializers.ModelSerializer[RetrainTrigger]):
    deployment = serializers.CharField(source="deployment.name")
    kind = serializers.CharField(help_text="drift, accuracy, schedule, labels or hand.")
    state = serializers.CharField(help_text=f"One of {', '.join(State)}.")
    groups = serializers.ListField(child=serializers.CharField())
    actor = serializers.CharField(source="actor.username")
    learned_from = serializers.CharField(source="job.dataset", allow_null=True, default=None)
    measured_on = serializers.CharField(source="job.measured_on", allow_null=True, default=None)
    revision = serializers.IntegerField(source="revision.number", allow_null=True, default=None)
    revision_state = serializers.CharField(
        source="revision.state", allow_null=True, default=None, help_text="What became of that revision by now."
    )

    class Meta:
        model = RetrainTrigger
        fields = [
            *("id", "deployment", "kind", "why", "state", "code", "reason", "joined", "groups", "actor", "fired_at"),
            *("samples_found", "job", "learned_from", "measured_on", "evaluation"),
            *("revision", "revision_state", "ended_at"),
        ]


class TriggerFilter(serializers.Serializer[Any]):
    deployment = serializers.CharField(required=False, default="", help_text="A deployment's name.")
    state = serializers.ChoiceField(required=False, default="", choices=[each.value for each in State])


class RetrainQuestion(serializers.Serializer[Any]):
    why = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)
    despite_cooldown = serializers.BooleanField(required=False, default=False, help_text="Do not wait for its end.")


class PolicyDetail(TrainingView):
    """When and with what one deployment's model is retrained."""

    @extend_schema(responses=RetrainPolicyAnswer)
    def get(self, request: Request, name: str) -> Response:
        """Show the deployment's retraining policy."""
        return Response(RetrainPolicyAnswer(self._policy(request, name)).data)

    @extend_schema(request=RetrainPolicyQuestion, responses=RetrainPolicyAnswer)
    def put(self, request: Request, name: str) -> Response:
        """Set it, to run in your name; what is left out is as by default."""
        actor = actor_of(request)
        deployment = deployment_to_judge(actor, allowed_deployments(request), name)
        asked = RetrainPolicyQuestion(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        for part in ("base", "measured_on"):
            given[part] = [version_named(actor, each) for each in given[part]]
        return Response(
            RetrainPolicyAnswer(services.retrain_policy_set(actor=actor, deployment=deployment, **given)).data
        )

    @extend_schema(responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """Take it away; what waits for labels is given up, and a job on its way goes on."""
        services.retrain_policy_remove(actor=actor_of(request), policy=self._policy(request, name))
        return Response(status=204)

    def _policy(self, request: Request, name: str) -> RetrainPolicy:
        actor = actor_of(request)
        deployment_to_judge(actor, allowed_deployments(request), name)
        return access.policy_for(actor, name)


class TriggerList(generics.ListAPIView[RetrainTrigger], TrainingView):
    """What called for retraining, newest first."""

    serializer_class = TriggerAnswer
    queryset = RetrainTrigger.objects.none()

    def get_queryset(self) -> Any:
        asked = TriggerFilter(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        return selectors.triggers_list(allowed=allowed_deployments(self.request), **asked.validated_data)

    @extend_schema(parameters=[TriggerFilter])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List triggers, with what became of each."""
        return super().get(request, *args, **kwargs)


class TriggerDetail(TrainingView):
    """One trigger."""

    @extend_schema(responses=TriggerAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """Show a trigger and what became of it."""
        return Response(TriggerAnswer(access.trigger_for(allowed_deployments(request), pk)).data)


class DeploymentRetrain(TrainingView):
    """Retraining now."""

    @extend_schema(
        request=RetrainQuestion,
        responses={201: TriggerAnswer},
        parameters=[],
        description="Fire by hand. The answer says what became of it: `pending` until samples are frozen, "
        "`deduplicated` or `cooling_down`.",
    )
    def post(self, request: Request, name: str) -> Response:
        """Retrain the deployment's model now."""
        actor = actor_of(request)
        deployment = deployment_to_judge(actor, allowed_deployments(request), name)
        asked = RetrainQuestion(data=request.data)
        asked.is_valid(raise_exception=True)
        trigger = services.retrain_now(actor=actor, deployment=deployment, **asked.validated_data)
        return Response(TriggerAnswer(trigger).data, status=201)
