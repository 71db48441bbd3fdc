"""The windows in the admin: to read, never to change."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.monitoring.models import GatewayReport, MetricWindow


@admin.register(MetricWindow)
class MetricWindowAdmin(ReadOnlyAdmin):
    list_display = ("start", "deployment", "revision", "requests", "errors")
    list_filter = ("deployment",)


@admin.register(GatewayReport)
class GatewayReportAdmin(ReadOnlyAdmin):
    list_display = ("gateway", "reported_at", "in_flight", "dropped", "lost")
