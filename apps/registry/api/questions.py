"""What the registry is asked."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class VersionRef(serializers.CharField):
    """A version by its number, as 3 or "3", or by an alias, as "@champion"."""


class Search(serializers.Serializer[Any]):
    search = serializers.CharField(
        required=False, allow_blank=True, max_length=200, default="", help_text="Text in the name or the description."
    )


class ModelQuestion(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="Lower-case letters, digits and hyphens.")
    description = serializers.CharField(required=False, allow_blank=True, max_length=10_000, default="")


class LineageQuestion(serializers.Serializer[Any]):
    dataset = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    code = serializers.CharField(required=False, allow_blank=True, max_length=2000)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=2000)


class VersionQuestion(serializers.Serializer[Any]):
    upload = serializers.UUIDField(help_text="The upload that holds the files.")
    lineage = LineageQuestion(required=False)
    parent = VersionRef(  # type: ignore[assignment]  # DRF takes it out of the class
        required=False, allow_null=True, help_text="What it was trained from; of another model as <model>/<version>."
    )
    alias = serializers.CharField(required=False, allow_null=True, help_text="An alias to point at it.")


class AliasQuestion(serializers.Serializer[Any]):
    version = VersionRef()
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")
    expected = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="Move only if the alias points at this version now; null: only if it is not there yet.",
    )


class Reason(serializers.Serializer[Any]):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")


def checked(serializer: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    """The validated fields of a request; raises ValidationError."""
    question = serializer(data=data)
    question.is_valid(raise_exception=True)
    return dict(question.validated_data)
