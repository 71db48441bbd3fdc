"""Assets in the admin, to read."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.datasets.models import Asset


@admin.register(Asset)
class AssetAdmin(ReadOnlyAdmin):
    list_display = ("sha256", "media_type", "size", "created_at", "last_kept_at")
    fields = ("sha256", "media_type", "size", "descriptors", "created_at", "last_kept_at")
    list_filter = ("media_type",)
