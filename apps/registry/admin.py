"""The registry in the admin: to read. Versions are made over REST or with `manage.py import_model`."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import TabularInline

from apps.core.admin import ReadOnlyAdmin
from apps.registry.models import Alias, AliasMove, Artifact, ModelVersion, RegisteredModel, Upload, UploadedFile


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
class RegisteredModelAdmin(ReadOnlyAdmin):
    list_display = ("name", "description", "created_by", "created_at")
    search_fields = ("name", "description")
    inlines = (AliasInline,)


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


@admin.register(Upload)
class UploadAdmin(ReadOnlyAdmin):
    list_display = ("id", "model", "version", "created_by", "touched_at")
    list_select_related = ("model", "version__model", "created_by")
    inlines = (UploadedFileInline,)
