"""What the REST edge is asked."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.deployments.rules.recording import KEEP_DAYS
from apps.deployments.rules.shadow import THEN
from apps.deployments.rules.spec import (
    ANSWER,
    BATCH_BYTES,
    BATCH_MAX,
    BLUE_GREEN,
    DEVICES,
    LIMITS,
    MAX_IN_FLIGHT,
    NOTE_LENGTH,
    SCALE_LIMITS,
    STRATEGIES,
    TIMEOUT_MS,
)


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class VersionRef(serializers.CharField):
    """A version by its number, as 3 or "3", or by an alias, as "@champion"."""


def _limited(name: str, limits: Mapping[str, tuple[int, int]] = LIMITS, **fields: Any) -> serializers.IntegerField:
    least, most = limits[name]
    return serializers.IntegerField(required=False, min_value=least, max_value=most, **fields)


class DeploymentQuestion(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="Lower-case letters, digits and hyphens.")
    description = serializers.CharField(required=False, allow_blank=True, max_length=10_000, default="")


class ScaleQuestion(serializers.Serializer[Any]):
    queue_ms = _limited("queue_ms", SCALE_LIMITS, help_text="The longest that a request should wait; 100.")
    in_flight = _limited("in_flight", SCALE_LIMITS, help_text="Requests for each replica; twice batch_max.")
    up_s = _limited("up_s", SCALE_LIMITS, help_text="Seconds of pressure before it grows; 2.")
    down_s = _limited("down_s", SCALE_LIMITS, help_text="Seconds of slack before it shrinks; 60.")
    idle_s = _limited("idle_s", SCALE_LIMITS, help_text="Seconds without a request before it goes to zero; 300.")


class RecordQuestion(serializers.Serializer[Any]):
    rate = serializers.FloatField(
        required=False, min_value=0, max_value=1, help_text="Share of the predictions whose inputs are kept; 0.01."
    )
    below_confidence = serializers.FloatField(
        required=False, min_value=0, max_value=1, help_text="Those less confident are kept, too; 0.5."
    )
    on_error = serializers.BooleanField(required=False, help_text="Inputs of what failed are kept; true.")
    on_missing = serializers.BooleanField(required=False, help_text="So are those where an input was missing; true.")
    keep_days = serializers.IntegerField(
        required=False, min_value=KEEP_DAYS[0], max_value=KEEP_DAYS[1], help_text="Days a prediction is kept; 30."
    )


class _PlanQuestion(serializers.Serializer[Any]):
    """What is said of every rollout that earns its way."""

    interval_s = serializers.IntegerField(required=False, help_text="Least seconds at each step; 60.")
    patience_s = serializers.IntegerField(required=False, help_text="Then a step waits for a person; 900.")
    samples = serializers.IntegerField(required=False, help_text="Requests that a verdict needs of each revision; 200.")
    failed = serializers.FloatField(required=False, help_text="A larger share may fail, and by steps be refused; 0.02.")
    slower = serializers.FloatField(required=False, help_text="May take longer than most of the live one's; 0.1.")
    unsure = serializers.FloatField(required=False, help_text="May be less confident than most of them; 0.15.")
    wrong = serializers.FloatField(required=False, help_text="May be wrong, where labels came; 0.05.")


class CanaryQuestion(_PlanQuestion):
    steps = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=99),
        required=False,
        help_text="Per cents of the traffic, rising; 5, 25, 50, or 50 for ab.",
    )
    labels = serializers.FloatField(required=False, help_text="May be answered with another label; 0.15.")


class ShadowQuestion(_PlanQuestion):
    share = serializers.IntegerField(required=False, help_text="Per cent of the answered requests; 100.")
    differs = serializers.FloatField(required=False, help_text="May be labelled otherwise than by the live one; 0.15.")
    then = serializers.CharField(
        required=False,
        help_text=f"What follows a pass, one of {', '.join(THEN)}: a person's word, all traffic, or the plan `canary`.",
    )


class _Replicas(serializers.Serializer[Any]):
    """What a stage is served with."""

    replicas = _limited("replicas", help_text="As many at all times; or else say min_ and max_replicas.")
    min_replicas = _limited("min_replicas", help_text="0 lets a stage that nobody asks have no replica.")
    max_replicas = _limited("max_replicas")
    device = serializers.CharField(required=False, default="auto", help_text=f"One of {', '.join(DEVICES)}.")
    batch_max = _limited("batch_max", help_text=f"Samples; what the manifest says, else {BATCH_MAX}.")
    batch_bytes = _limited("batch_bytes", help_text=f"Bytes; what the manifest says, else {BATCH_BYTES}.")
    scale = ScaleQuestion(required=False)


class StageQuestion(_Replicas):
    name = serializers.CharField(help_text="Lower-case letters, digits and hyphens.")
    steps = serializers.ListField(
        child=serializers.CharField(max_length=63), allow_empty=False, help_text="Names of the manifest's stages."
    )
    version = _limited("version", help_text="Another version of the same model, by number.")


class RevisionQuestion(_Replicas):
    model = serializers.CharField(help_text="The registered model's name.")
    version = VersionRef(help_text="A version's number, or an alias as @champion.")
    stages = StageQuestion(
        many=True,
        required=False,
        default=None,
        allow_null=True,
        help_text="Takes the pipeline apart; what is said of replicas, device and batches above then has no meaning.",
    )
    timeout_ms = _limited("timeout_ms", default=TIMEOUT_MS)
    max_in_flight = _limited("max_in_flight", default=MAX_IN_FLIGHT)
    strategy = serializers.CharField(required=False, default=BLUE_GREEN, help_text=f"One of {', '.join(STRATEGIES)}.")
    surge = _limited("surge", default=1, help_text="Replicas above the count while rolling.")
    keep_s = _limited("keep_s", default=60, help_text="Seconds for which the old revision can take traffic back.")
    missing_inputs = serializers.CharField(
        required=False, default=ANSWER, help_text="answer, or reject: a request must then bring every input."
    )
    record = RecordQuestion(required=False, help_text="What is kept of the predictions, and for how long.")
    canary = CanaryQuestion(
        required=False, help_text="The plan of the strategies canary and ab, and of a shadow that goes on so."
    )
    shadow = ShadowQuestion(required=False, help_text="The plan of the strategy shadow.")
    note = serializers.CharField(required=False, allow_blank=True, max_length=NOTE_LENGTH, default="")


class RolloutFilter(serializers.Serializer[Any]):
    deployment = serializers.CharField(required=False, help_text="A deployment's name.")


class PromoteQuestion(serializers.Serializer[Any]):
    everything = serializers.BooleanField(required=False, default=False, help_text="All traffic, not the next step.")
    step = serializers.IntegerField(
        required=False,
        min_value=0,
        help_text="The `step` that the rollout was seen at: 409 `step_passed` at another, so a retry promotes once.",
    )


class AbortQuestion(serializers.Serializer[Any]):
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=NOTE_LENGTH)


class MutingQuestion(serializers.Serializer[Any]):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=NOTE_LENGTH, default="")


class ReplicaFilter(serializers.Serializer[Any]):
    deployment = serializers.CharField(required=False, help_text="A deployment's name.")
    state = serializers.CharField(required=False, help_text="One state, such as ready.")


def checked(serializer: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    """The validated fields of a request; raises ValidationError."""
    question = serializer(data=data)
    question.is_valid(raise_exception=True)
    return dict(question.validated_data)
