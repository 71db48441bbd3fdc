"""Deployments and the fleet in the admin: to read, and to go back to the revision that was kept.

Whatever else changes them is a request that somebody else approves.
"""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from apps.core.admin import ReadOnlyAdmin
from apps.core.errors import QuartetError
from apps.core.permissions import actor_of
from apps.deployments.access import OPERATE, deployment_to_operate
from apps.deployments.models import Deployment, MutedInput, Node, Replica, Revision, Rollout, StageScale
from apps.deployments.selectors import kept_rollout
from apps.deployments.services import deployment_rollback


@admin.register(Deployment)
class DeploymentAdmin(ReadOnlyAdmin):
    list_display = ("name", "live_revision", "created_by", "created_at")
    search_fields = ("name",)
    change_form_outer_before_template = "deployments/_rollback.html"

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.rollback_view)
        return [path("<int:pk>/rollback/", view, name="deployments_rollback"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = self.get_object(request, object_id)
        refusal = "" if request.user.has_perm(OPERATE) else "You may look, but going back needs the operator role."
        context = {"deployment": shown, "kept": kept_rollout(shown) if shown else None, "refusal": refusal}
        page: HttpResponse = super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})
        return page

    def rollback_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST of the button; what was done or why not is said on the deployment's page."""
        back = HttpResponseRedirect(reverse("admin:deployments_deployment_change", args=[pk]))
        shown = self.get_object(request, str(pk))
        if request.method != "POST" or shown is None:
            return back
        try:
            deployment = deployment_to_operate(actor_of(request), shown.name)
            rollout = deployment_rollback(actor=actor_of(request), deployment=deployment)
            messages.success(request, f"Traffic goes back to revision {rollout.to_revision.number}.")
        except QuartetError as error:
            messages.error(request, f"{error.message} {error.remedy}")
        return back


@admin.register(Revision)
class RevisionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "version", "state", "requested_by", "approved_by", "requested_at")
    list_filter = ("state",)
    list_select_related = ("deployment", "version__model", "requested_by", "approved_by")
    search_fields = ("deployment__name",)


@admin.register(Rollout)
class RolloutAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "is_rollback", "state", "reason", "started_at", "shifted_at", "kept_at", "ended_at")
    list_filter = ("state",)
    list_select_related = ("to_revision__deployment",)


@admin.register(MutedInput)
class MutedInputAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "reason", "muted_at", "by", "released_at", "release_reason")
    list_filter = ("deployment",)
    list_select_related = ("deployment", "muted_by")


@admin.register(StageScale)
class StageScaleAdmin(ReadOnlyAdmin):
    list_display = ("stage", "desired", "reason", "changed_at", "last_used_at")
    list_select_related = ("stage__revision__deployment",)


@admin.register(Replica)
class ReplicaAdmin(ReadOnlyAdmin):
    list_display = ("id", "stage", "slot", "node", "device", "state", "reason", "placed_at", "ready_at", "ended_at")
    list_filter = ("state", "node")
    list_select_related = ("stage__revision__deployment", "node")


@admin.register(Node)
class NodeAdmin(ReadOnlyAdmin):
    list_display = ("name", "state", "device_classes", "cores", "slots", "memory_free", "memory_total", "last_seen")
