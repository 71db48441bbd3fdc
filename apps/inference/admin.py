"""Keys, snapshots and feedback in the admin, to read; keys are made and revoked over REST or with `manage.py key`."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.inference.models import ApiKey, Feedback, RoutingSnapshot


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ("name", "prefix", "user", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
    fields = (
        "name",
        "prefix",
        "user",
        "scopes",
        "deployments",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    list_filter = ("user",)


@admin.register(RoutingSnapshot)
class RoutingSnapshotAdmin(ReadOnlyAdmin):
    list_display = ("number", "created_at", "digest")
    fields = ("number", "created_at", "digest", "document")


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    list_display = ("prediction", "sample", "truth", "deployment", "given_by", "given_at", "source")
    fields = ("prediction", "sample", "truth", "source", "deployment", "given_by", "given_at", "bound_at", "history")
    list_filter = ("deployment", "given_by")
