"""What the registry answers."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.registry.models import (
    Alias,
    AliasMove,
    AliasRequest,
    Artifact,
    ModelVersion,
    RegisteredModel,
    Upload,
    UploadedFile,
)
from apps.registry.selectors import upload_offset


class RegisteredModelAnswer(serializers.ModelSerializer[RegisteredModel]):
    created_by = serializers.CharField(source="created_by.username")
    version_count = serializers.IntegerField()
    latest_version = serializers.IntegerField(allow_null=True)
    aliases = serializers.SerializerMethodField()

    class Meta:
        model = RegisteredModel
        fields = [
            *("name", "description", "created_by", "created_at", "version_count", "latest_version", "aliases"),
            "protected_aliases",
        ]

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_aliases(self, model: RegisteredModel) -> dict[str, int]:
        """Version numbers by alias."""
        return {alias.name: alias.version.number for alias in model.aliases.all()}


class LineageAnswer(serializers.Serializer[dict[str, str]]):
    dataset = serializers.CharField(allow_blank=True)
    code = serializers.CharField(allow_blank=True)
    notes = serializers.CharField(allow_blank=True)


class ModelVersionAnswer(serializers.ModelSerializer[ModelVersion]):
    model = serializers.CharField(source="model.name")
    lineage = LineageAnswer()
    parent = serializers.SerializerMethodField()  # type: ignore[assignment]  # DRF takes it out of the class
    aliases = serializers.SerializerMethodField()
    aliases_requested = serializers.SerializerMethodField()
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = ModelVersion
        fields = [
            *(
                "model",
                "number",
                "state",
                "state_reason",
                "digest",
                "aliases",
                "aliases_requested",
                "lineage",
                "parent",
            ),
            *("size_bytes", "memory_bytes", "created_by", "created_at"),
        ]

    def get_parent(self, version: ModelVersion) -> str | None:
        """`<model>/<number>`."""
        return str(version.parent) if version.parent else None

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_aliases(self, version: ModelVersion) -> list[str]:
        """The aliases that point at it."""
        return [alias.name for alias in version.aliases.all()]

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_aliases_requested(self, version: ModelVersion) -> list[str]:
        """Protected aliases that wait for approval to point at it."""
        return [each.alias for each in version.alias_requests.all() if each.state == AliasRequest.State.REQUESTED]


class ArtifactAnswer(serializers.ModelSerializer[Artifact]):
    class Meta:
        model = Artifact
        fields = ["path", "sha256", "size"]


class ModelVersionDetail(ModelVersionAnswer):
    manifest = serializers.DictField()
    files = ArtifactAnswer(many=True, source="artifacts")

    class Meta(ModelVersionAnswer.Meta):
        fields = [*ModelVersionAnswer.Meta.fields, "manifest", "files"]


class AliasAnswer(serializers.ModelSerializer[Alias]):
    model = serializers.CharField(source="model.name")
    version = serializers.IntegerField(source="version.number")

    class Meta:
        model = Alias
        fields = ["model", "name", "version", "moved_at"]


class AliasRequestAnswer(serializers.ModelSerializer[AliasRequest]):
    model = serializers.CharField(source="model.name")
    from_version = serializers.IntegerField(source="from_version.number", allow_null=True, default=None)
    to_version = serializers.IntegerField(source="to_version.number", allow_null=True, default=None)
    requested_by = serializers.CharField(source="requested_by.username")
    approved_by = serializers.CharField(source="approved_by.username", allow_null=True, default=None)
    approval = serializers.UUIDField(help_text="The approval request: /api/v1/approvals/<approval>, within seconds.")

    class Meta:
        model = AliasRequest
        fields = [
            *("id", "model", "alias", "from_version", "to_version", "reason", "digest", "approval"),
            *("state", "state_reason", "requested_by", "requested_at", "approved_by", "ended_at"),
        ]


class AliasMoveAnswer(serializers.ModelSerializer[AliasMove]):
    from_version = serializers.IntegerField(source="from_version.number", allow_null=True, default=None)
    to_version = serializers.IntegerField(source="to_version.number", allow_null=True, default=None)
    moved_by = serializers.CharField(source="moved_by.username")

    class Meta:
        model = AliasMove
        fields = ["alias", "from_version", "to_version", "reason", "moved_by", "moved_at"]


class UploadedFileAnswer(serializers.ModelSerializer[UploadedFile]):
    received = serializers.SerializerMethodField()
    complete = serializers.SerializerMethodField()

    class Meta:
        model = UploadedFile
        fields = ["path", "size", "received", "complete", "sha256"]

    def get_received(self, file: UploadedFile) -> int:
        """Bytes that are here."""
        return upload_offset(file)

    def get_complete(self, file: UploadedFile) -> bool:
        """Whether all of it is here and was hashed."""
        return bool(file.sha256)


class UploadAnswer(serializers.ModelSerializer[Upload]):
    model = serializers.CharField(source="model.name")
    version = serializers.SerializerMethodField()
    files = UploadedFileAnswer(many=True)

    class Meta:
        model = Upload
        fields = ["id", "model", "version", "created_at", "touched_at", "files"]

    def get_version(self, upload: Upload) -> str | None:
        """`<model>/<number>`, once it is registered."""
        return str(upload.version) if upload.version else None


def answer(serializer: type[serializers.BaseSerializer[Any]], instance: Any) -> dict[str, Any]:
    """The JSON of one object."""
    return dict(serializer(instance).data)
