"""The windows in the admin: to read, never to change."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.monitoring.models import GatewayReport, MetricWindow


@admin.register(MetricWindow)
class MetricWindowAdmin(ReadOnlyAdmin):
    list_display = ("start", "step", "deployment", "revision", "requests", "errors")
    list_filter = ("step", "deployment")
    exclude = ("sketches",)


@admin.register(GatewayReport)
class GatewayReportAdmin(ReadOnlyAdmin):
    list_display = ("gateway", "reported_at", "in_flight", "dropped", "lost")
