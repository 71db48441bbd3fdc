"""Assets and dataset versions in the admin, to read."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.datasets.models import Asset, DatasetVersion


@admin.register(Asset)
class AssetAdmin(ReadOnlyAdmin):
    list_display = ("sha256", "media_type", "size", "created_at", "last_kept_at")
    fields = ("sha256", "media_type", "size", "descriptors", "created_at", "last_kept_at")
    list_filter = ("media_type",)


@admin.register(DatasetVersion)
class DatasetVersionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "samples_count", "inputs", "created_by", "created_at")
    list_select_related = ("dataset", "created_by")
    search_fields = ("dataset__name", "digest")
    fields = ("dataset", "number", "digest", "samples_count", "counts", "inputs", "source", "created_by", "created_at")
