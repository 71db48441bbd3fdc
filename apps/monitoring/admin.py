"""Windows, objectives, alerts and mails in the admin: to read. What kinds of alerts there are: to change."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.core.admin import AuditedAdmin, ReadOnlyAdmin, ReadOnlyInline
from apps.core.errors import QuartetError
from apps.core.permissions import actor_of
from apps.monitoring.models import (
    Alert,
    AlertMail,
    AlertRule,
    GatewayReport,
    MailTry,
    MetricWindow,
    Objective,
    Subscription,
)
from apps.monitoring.services import mail_resend


@admin.register(MetricWindow)
class MetricWindowAdmin(ReadOnlyAdmin):
    list_display = ("start", "step", "deployment", "revision", "requests", "errors")
    list_filter = ("step", "deployment")
    exclude = ("sketches",)


@admin.register(GatewayReport)
class GatewayReportAdmin(ReadOnlyAdmin):
    list_display = ("gateway", "reported_at", "in_flight", "dropped", "lost")


@admin.register(Objective)
class ObjectiveAdmin(ReadOnlyAdmin):
    list_display = ("deployment", "kind", "within_ms", "target", "period_days", "least", "created_by")
    list_filter = ("kind",)
    list_select_related = ("deployment", "created_by")


@admin.register(AlertRule)
class AlertRuleAdmin(AuditedAdmin):
    """A row says what is otherwise than by default: another severity, or none of these alerts at all."""

    list_display = ("name", "severity", "enabled")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The name is what the row is about; another one is another row."""
        return ("name",) if obj else ()


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ("title", "severity", "rule", "deployment", "raised_at", "resolved_at", "acknowledged_by")
    list_filter = ("severity", "rule")
    list_select_related = ("acknowledged_by",)
    search_fields = ("title", "deployment")


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = ("user", "deployment", "severity", "created_at")
    list_select_related = ("user",)


class MailTryInline(ReadOnlyInline):
    model = MailTry
    fields = ("at", "seconds", "problem")


@admin.register(AlertMail)
class AlertMailAdmin(ReadOnlyAdmin):
    list_display = ("subject", "user", "address", "state", "tries", "due_at", "created_at")
    list_filter = ("state",)
    list_select_related = ("user",)
    fields = ("subject", "user", "address", "message_id", "body", "state", "tries", "due_at", "created_at")
    inlines = (MailTryInline,)
    actions = ("resend",)

    @admin.action(description="Send again")
    def resend(self, request: HttpRequest, mails: QuerySet[AlertMail]) -> None:
        """Send the chosen ones again; only superusers reach what is not their own."""
        for mail in mails:
            try:
                mail_resend(actor=actor_of(request), mail_id=mail.pk)
            except QuartetError as error:
                messages.error(request, f"{mail}: {error.message} {error.remedy}")
            else:
                messages.success(request, f"{mail} is sent again.")
