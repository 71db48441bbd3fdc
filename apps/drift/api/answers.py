"""What the REST edge answers."""

from typing import Any

from rest_framework import serializers

from apps.drift.models import DriftGroup, DriftPolicy, DriftResult, DriftRun, ReferenceProfile
from apps.drift.rules.policy import DEFAULTS
from apps.drift.rules.states import State

_STATES = ", ".join(State)


class PolicyAnswer(serializers.ModelSerializer[DriftPolicy]):
    is_default = serializers.SerializerMethodField(help_text="Whether nobody set one, and the defaults hold.")

    class Meta:
        model = DriftPolicy
        fields = [*DEFAULTS, "is_default", "changed_at"]

    def get_is_default(self, policy: DriftPolicy) -> bool:
        """No row then."""
        return policy.pk is None

    def to_representation(self, instance: DriftPolicy) -> dict[str, Any]:
        told: dict[str, Any] = super().to_representation(instance)
        return told if instance.pk else told | {"changed_at": None}


class ReferenceAnswer(serializers.ModelSerializer[ReferenceProfile]):
    source = serializers.CharField(help_text="artifact, upload or predictions.")  # type: ignore[assignment]  # a field
    problem = serializers.CharField(help_text="Why it cannot be used, or empty.")
    signals = serializers.ListField(child=serializers.CharField())
    built_from = serializers.DictField(help_text="The predictions that it was built of, if it was.")
    created_by = serializers.CharField(source="created_by.username", allow_null=True, default=None)

    class Meta:
        model = ReferenceProfile
        fields = [
            *("source", "problem", "samples", "schema", "signals", "digest", "built_from", "created_by"),
            "created_at",
        ]


class GroupLine(serializers.ModelSerializer[DriftGroup]):
    state = serializers.CharField(help_text=f"{_STATES}.")

    class Meta:
        model = DriftGroup
        fields = ["name", "state", "reason"]


class GroupAnswer(GroupLine):
    driving = serializers.ListField(
        child=serializers.DictField(), help_text="The samples furthest outside the reference, furthest first."
    )

    class Meta(GroupLine.Meta):
        fields = [*GroupLine.Meta.fields, "driving"]


class ResultAnswer(serializers.ModelSerializer[DriftResult]):
    state = serializers.CharField(help_text=f"{_STATES}.")
    distribution = serializers.DictField(help_text="kind, edges or categories, and the shares of both.")

    class Meta:
        model = DriftResult
        fields = [
            *("name", "group", "state", "reason", "test", "statistic", "p", "corrected", "effect", "unit", "psi"),
            *("window", "reference", "wrong", "distribution"),
        ]


class RunAnswer(serializers.ModelSerializer[DriftRun]):
    deployment = serializers.CharField(source="deployment.name")
    trigger = serializers.CharField(help_text="schedule, count or demand.")
    state = serializers.CharField(help_text="waiting, running, done or failed.")
    verdict = serializers.CharField(help_text=f"Of a run that is done: {_STATES}.")
    problem = serializers.CharField(help_text="Why it failed, in words.")
    requested_by = serializers.CharField(source="requested_by.username", allow_null=True, default=None)
    groups = GroupLine(many=True)

    class Meta:
        model = DriftRun
        fields = [
            *("id", "deployment", "revision", "trigger", "state", "verdict", "problem", "after", "before", "window"),
            *("window_hours", "level", "predictions", "looked_at", "kept", "requested_by", "requested_at"),
            *("started_at", "finished_at", "groups"),
        ]


class RunDetailAnswer(RunAnswer):
    model = serializers.CharField(source="profile.version.model.name")
    version = serializers.IntegerField(source="profile.version.number")
    groups = GroupAnswer(many=True)
    results = ResultAnswer(many=True)

    class Meta(RunAnswer.Meta):
        fields = [*RunAnswer.Meta.fields, "model", "version", "results"]
