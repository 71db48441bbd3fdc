"""What the REST edge is asked."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.deployments.rules.spec import DEVICES, LIMITS, NOTE_LENGTH, STEPS


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class VersionRef(serializers.CharField):
    """A version by its number, as 3 or "3", or by an alias, as "@champion"."""


def _limited(name: str, default: int) -> serializers.IntegerField:
    least, most = LIMITS[name]
    return serializers.IntegerField(required=False, default=default, min_value=least, max_value=most)


class DeploymentQuestion(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="Lower-case letters, digits and hyphens.")
    description = serializers.CharField(required=False, allow_blank=True, max_length=10_000, default="")


class StageQuestion(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="Lower-case letters, digits and hyphens.")
    steps = serializers.ListField(child=serializers.ChoiceField(choices=STEPS), allow_empty=False)
    device = serializers.CharField(required=False, default="auto", help_text=f"One of {', '.join(DEVICES)}.")
    replicas = _limited("replicas", 1)
    batch_max = _limited("batch_max", 32)


class RevisionQuestion(serializers.Serializer[Any]):
    model = serializers.CharField(help_text="The registered model's name.")
    version = VersionRef(help_text="A version's number, or an alias as @champion.")
    replicas = _limited("replicas", 1)
    device = serializers.CharField(required=False, default="auto", help_text=f"One of {', '.join(DEVICES)}.")
    batch_max = _limited("batch_max", 32)
    stages = StageQuestion(
        many=True,
        required=False,
        default=None,
        allow_null=True,
        help_text="Takes the pipeline apart; replicas, device and batch_max above then have no meaning.",
    )
    timeout_ms = _limited("timeout_ms", 30_000)
    max_in_flight = _limited("max_in_flight", 256)
    note = serializers.CharField(required=False, allow_blank=True, max_length=NOTE_LENGTH, default="")


class ReplicaFilter(serializers.Serializer[Any]):
    deployment = serializers.CharField(required=False, help_text="A deployment's name.")
    state = serializers.CharField(required=False, help_text="One state, such as ready.")


def checked(serializer: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    """The validated fields of a request; raises ValidationError."""
    question = serializer(data=data)
    question.is_valid(raise_exception=True)
    return dict(question.validated_data)
