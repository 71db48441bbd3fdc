"""What the REST edge is asked."""

from typing import Any

from rest_framework import serializers

from apps.training.rules.limits import LIMITS
from apps.training.rules.machine import State

_DATASET = "A dataset version, as <dataset>/<number>."


class LimitQuestion(serializers.Serializer[Any]):
    seconds = serializers.IntegerField(
        required=False, min_value=1, help_text=f"Of all attempts together; {LIMITS['seconds'][2]:,}."
    )
    memory_bytes = serializers.IntegerField(
        required=False, min_value=1, help_text=f"Of its processes; {LIMITS['memory_bytes'][2]:,}."
    )
    disk_bytes = serializers.IntegerField(
        required=False, min_value=1, help_text=f"Of its directory; {LIMITS['disk_bytes'][2]:,}."
    )


class JobQuestion(serializers.Serializer[Any]):
    model = serializers.CharField(help_text="A registered model, which gets the new version.")
    parent = serializers.CharField(  # type: ignore[assignment]  # a field here, not DRF's own attribute
        help_text="The version to begin with: 3, or an alias as @champion."
    )
    dataset = serializers.CharField(help_text=_DATASET)
    recipe = serializers.CharField(help_text="One of GET /training/recipes.")
    parameters = serializers.DictField(required=False, default=dict, help_text="Of the recipe.")
    seed = serializers.IntegerField(required=False, default=0, min_value=0)
    device = serializers.CharField(required=False, default="auto", help_text="auto, cpu or cuda.")
    measured_on = serializers.CharField(
        required=False,
        allow_null=True,
        default=None,
        help_text=f"{_DATASET} Both are measured on it.",
    )
    champion = serializers.CharField(
        required=False, allow_null=True, default=None, help_text="Another version to be measured beside."
    )
    limit = LimitQuestion(required=False, default=dict)


class EvaluationQuestion(serializers.Serializer[Any]):
    model = serializers.CharField(help_text="A registered model.")
    candidate = serializers.CharField(help_text="Its version that is measured: 3, or an alias as @next.")
    dataset = serializers.CharField(help_text=f"{_DATASET} Both answer its samples.")
    champion = serializers.CharField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The version to measure beside; the alias champion where none is said.",
    )
    device = serializers.CharField(required=False, default="auto", help_text="auto, cpu or cuda.")
    limit = LimitQuestion(required=False, default=dict)


class JobFilter(serializers.Serializer[Any]):
    state = serializers.ChoiceField(required=False, choices=[each.value for each in State], help_text="One state.")
    model = serializers.CharField(required=False, help_text="A registered model.")


class EvaluationFilter(serializers.Serializer[Any]):
    model = serializers.CharField(required=False, help_text="A registered model, of which the candidate is a version.")
    version = serializers.IntegerField(
        required=False, min_value=1, max_value=2**31 - 1, help_text="The candidate's number; it needs `model`."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "version" in attrs and "model" not in attrs:
            raise serializers.ValidationError({"version": "A version is one of a model: say which, in 'model'."})
        return attrs


class FreezeQuestion(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="The dataset, which is made if it is not there.")
    deployment = serializers.CharField(help_text="Whose labelled predictions with kept inputs are frozen.")
    after = serializers.DateTimeField(help_text="From this moment on.")
    before = serializers.DateTimeField(help_text="Earlier than this.")
    old = serializers.ListField(
        child=serializers.CharField(), required=False, default=list, help_text="Dataset versions to go with them."
    )
    without = serializers.ListField(
        child=serializers.CharField(), required=False, default=list, help_text="Dataset versions to leave out of them."
    )
    slices = serializers.ListField(
        child=serializers.CharField(max_length=200), required=False, default=list, help_text="Of what is new in it."
    )
