"""Where a reviewer decides: the request with its evidence, and two buttons."""

import json
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from apps.approvals.forms import DecisionForm
from apps.approvals.models import ApprovalRequest, Comment, Decision, Policy
from apps.approvals.selectors import decision_refusal
from apps.approvals.services import decision_record
from apps.core.admin import AuditedAdmin, ReadOnlyAdmin, ReadOnlyInline
from apps.core.errors import QuartetError
from apps.core.permissions import actor_of


def _fact(value: Any) -> str:
    """One entry of the evidence; of a table, a line a row."""
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        rows = (", ".join(f"{key}: {_plain(each)}" for key, each in row.items()) for row in value)
        return format_html_join("", "<br>{}", ((row,) for row in rows))
    return _plain(value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class DecisionInline(ReadOnlyInline):
    model = Decision
    fields = ("reviewer", "verdict", "comment", "at")


class CommentInline(ReadOnlyInline):
    model = Comment
    fields = ("author", "text", "at")


@admin.register(ApprovalRequest)
class ApprovalRequestAdmin(ReadOnlyAdmin):
    list_display = ("summary", "state", "requested_by", "opened_at", "expires_at", "approvals_required")
    list_filter = ("state", "kind")
    search_fields = ("summary",)
    fields = (
        "summary",
        "kind",
        "scope",
        "state",
        "state_reason",
        "requested_by",
        "opened_at",
        "expires_at",
        "closed_at",
        "approvals_required",
        "reviewers",
        "facts",
        "digest",
        "evidence_digest",
    )
    readonly_fields = ("facts",)
    inlines = (DecisionInline, CommentInline)
    change_form_outer_before_template = "approvals/_decide.html"

    @admin.display(description="What is asked")
    def facts(self, request: ApprovalRequest) -> SafeString:
        """The evidence, a line a fact."""
        told = ((name, _fact(each)) for name, each in request.evidence.items())
        return format_html_join(mark_safe("<br>"), "<strong>{}</strong>: {}", told)

    def get_urls(self) -> list[Any]:
        decide = path("<uuid:pk>/decide/", self.admin_site.admin_view(self.decide_view), name="approvals_decide")
        return [decide, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        asked = self.get_object(request, object_id)
        refusal = decision_refusal(actor_of(request), asked) if asked else None
        context = {"approval": asked, "decision_form": DecisionForm(), "refusal": refusal}
        page: HttpResponse = super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})
        return page

    def decide_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """POST of the decision form; what was done or why not is said on the request's page."""
        back = HttpResponseRedirect(reverse("admin:approvals_approvalrequest_change", args=[pk]))
        if request.method != "POST":
            return back
        form = DecisionForm(request.POST)
        if not form.is_valid():
            messages.error(request, " ".join(str(e) for errors in form.errors.values() for e in errors))
            return back
        try:
            decided = decision_record(actor=actor_of(request), request_id=pk, **form.cleaned_data)
            messages.success(request, f"Recorded. The request is now {decided.get_state_display().lower()}.")
        except QuartetError as error:
            messages.error(request, f"{error.message} {error.remedy}")
        return back


@admin.register(Policy)
class PolicyAdmin(AuditedAdmin):
    list_display = ("kind", "scope", "approvals_required", "reviewers", "expires_after_h")

    def audit_name(self, obj: Any) -> str:
        return f"{obj.kind}:{obj.scope}" if obj.scope else str(obj.kind)
