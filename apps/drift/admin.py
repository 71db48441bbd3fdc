"""Drift in the admin: to read, never to change."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin, ReadOnlyInline
from apps.drift.models import DriftGroup, DriftPolicy, DriftResult, DriftRun, ReferenceProfile


@admin.register(ReferenceProfile)
class ReferenceProfileAdmin(ReadOnlyAdmin):
    list_display = ("version", "source", "samples", "problem", "created_by", "created_at")
    list_filter = ("source",)
    exclude = ("content",)

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        return super().get_queryset(request).defer("content").select_related("version__model", "created_by")


@admin.register(DriftPolicy)
class DriftPolicyAdmin(ReadOnlyAdmin):
    list_display = ("deployment", "every_minutes", "every_predictions", "window", "level", "answer_without_drifted")


class GroupInline(ReadOnlyInline):
    model = DriftGroup
    fields = ("name", "state", "reason")


class ResultInline(ReadOnlyInline):
    model = DriftResult
    fields = ("name", "group", "state", "reason", "corrected", "effect", "unit", "window", "reference")


@admin.register(DriftRun)
class DriftRunAdmin(ReadOnlyAdmin):
    list_display = ("deployment", "revision", "trigger", "state", "verdict", "before", "predictions", "kept", "problem")
    list_filter = ("state", "verdict", "trigger", "deployment")
    exclude = ("profile", "lease")
    inlines = (GroupInline, ResultInline)
