"""The registry in the admin: to read. Versions are made over REST or with `manage.py import_model`."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import TabularInline

from apps.core.admin import AuditedAdmin, ReadOnlyAdmin
from apps.registry.forms import ProtectionForm
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


class ReadOnlyInline(TabularInline):
    """Rows under their owner, to read."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ArtifactInline(ReadOnlyInline):
    model = Artifact
    fields = ("path", "sha256", "size")


class AliasInline(ReadOnlyInline):
    model = Alias
    fields = ("name", "version", "moved_at")


class UploadedFileInline(ReadOnlyInline):
    model = UploadedFile
    fields = ("path", "size", "sha256")


@admin.register(RegisteredModel)
class RegisteredModelAdmin(AuditedAdmin):
    """All to read but which aliases are protected: that binds publishers, so it is not theirs to change."""

    list_display = ("name", "description", "created_by", "created_at", "protected_aliases")
    search_fields = ("name", "description")
    fields = ("name", "description", "created_by", "created_at", "protected_aliases")
    readonly_fields = ("name", "description", "created_by", "created_at")
    form = ProtectionForm
    inlines = (AliasInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "state", "size_bytes", "digest", "created_by", "created_at")
    list_filter = ("state", "model")
    list_select_related = ("model", "created_by")
    search_fields = ("model__name", "digest")
    inlines = (ArtifactInline,)


@admin.register(AliasMove)
class AliasMoveAdmin(ReadOnlyAdmin):
    list_display = ("moved_at", "__str__", "from_version", "to_version", "moved_by", "reason")
    list_filter = ("model",)
    list_select_related = ("model", "from_version__model", "to_version__model", "moved_by")


@admin.register(AliasRequest)
class AliasRequestAdmin(ReadOnlyAdmin):
    list_display = ("requested_at", "__str__", "from_version", "to_version", "state", "requested_by", "approved_by")
    list_filter = ("state", "model")
    list_select_related = ("model", "from_version__model", "to_version__model", "requested_by", "approved_by")


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    list_display = ("id", "model", "version", "created_by", "touched_at")
    list_select_related = ("model", "version__model", "created_by")
    inlines = (UploadedFileInline,)
