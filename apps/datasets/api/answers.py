"""What the REST edge answers."""

from rest_framework import serializers

from apps.datasets.models import DatasetVersion


class DatasetVersionAnswer(serializers.ModelSerializer[DatasetVersion]):
    name = serializers.CharField(source="__str__", help_text="<dataset>/<number>")
    created_by = serializers.CharField(source="created_by.username")
    counts = serializers.DictField(help_text="Samples by label and by slice.")
    source = serializers.DictField()  # type: ignore[assignment]  # a field here, not DRF's own attribute

    class Meta:
        model = DatasetVersion
        fields = ["name", "digest", "samples_count", "counts", "inputs", "source", "created_by", "created_at"]
