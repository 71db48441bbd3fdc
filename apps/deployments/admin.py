"""Deployments and the fleet in the admin: to read, to move a rollout on or back, and to go back to what was kept.

Whatever else changes them is a request that somebody else approves.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from apps.core.admin import ReadOnlyAdmin
from apps.core.bounds import whole_of
from apps.core.errors import QuartetError
from apps.core.models import User
from apps.core.permissions import actor_of
from apps.deployments.access import OPERATE, deployment_to_operate, rollout_for
from apps.deployments.models import Deployment, MutedInput, Node, Replica, Revision, Rollout, StageScale
from apps.deployments.selectors import coming_rollout, kept_rollout, rollout_words
from apps.deployments.services import ROLLOUT_ACTS, STEP_ACTS, deployment_rollback

#: Of an abort, as its field says too.
_LONGEST_REASON = 500


@admin.register(Deployment)
class DeploymentAdmin(ReadOnlyAdmin):
    list_display = ("name", "live_revision", "created_by", "created_at")
    search_fields = ("name",)
    change_form_outer_before_template = "deployments/_controls.html"

    def get_urls(self) -> list[Any]:
        back, act = (self.admin_site.admin_view(view) for view in (self.rollback_view, self.act_view))
        return [
            path("<int:pk>/rollback/", back, name="deployments_rollback"),
            path("<int:pk>/rollouts/<int:rollout>/act/", act, name="deployments_rollout_act"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = self.get_object(request, object_id)
        context = {"may_operate": request.user.has_perm(OPERATE), **(_controls(shown) if shown else {})}
        page: HttpResponse = super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})
        return page

    def rollback_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST of the button that goes back."""
        return self._acted(request, pk, partial(_roll_back, whole_of(request.POST.get("kept", ""))))

    def act_view(self, request: HttpRequest, pk: int, rollout: int) -> HttpResponse:
        """POST of the buttons that move this rollout, by the one that was pressed; `reason` is for aborting."""
        act = request.POST.get("act", "")
        told: dict[str, Any] = {}
        if act == "abort":
            told["reason"] = request.POST.get("reason", "").replace("\0", "")[:_LONGEST_REASON]
        if act in STEP_ACTS:
            told["step"] = whole_of(request.POST.get("step", ""))
        return self._acted(request, pk, partial(_act, act, rollout, told)) if act in ROLLOUT_ACTS else self._page(pk)

    def _acted(self, request: HttpRequest, pk: int, act: Callable[[User, Deployment], str]) -> HttpResponse:
        """What was done, or why not, is said on the deployment's page."""
        shown = self.get_object(request, str(pk))
        if request.method == "POST" and shown is not None:
            try:
                deployment = deployment_to_operate(actor_of(request), shown.name)
                messages.success(request, act(actor_of(request), deployment))
            except QuartetError as error:
                messages.error(request, f"{error.message} {error.remedy}")
        return self._page(pk)

    def _page(self, pk: int) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:deployments_deployment_change", args=[pk]))


def _controls(deployment: Deployment) -> dict[str, Any]:
    """What the buttons above a deployment's page are about."""
    coming = coming_rollout(deployment)
    at_a_step = coming is not None and coming.state in Rollout.AT_A_STEP_STATES
    words = rollout_words(coming) if coming and at_a_step else ""
    return {"deployment": deployment, "kept": kept_rollout(deployment), "coming": coming, "at_a_step": words}


def _roll_back(kept_id: int | None, actor: User, deployment: Deployment) -> str:
    rollout = deployment_rollback(actor=actor, deployment=deployment, kept_id=kept_id)
    return f"Traffic goes back to revision {rollout.to_revision.number}."


def _act(act: str, rollout_id: int, told: dict[str, Any], actor: User, deployment: Deployment) -> str:
    rollout = ROLLOUT_ACTS[act](actor=actor, rollout_id=rollout_for(actor, rollout_id).pk, **told)
    number = rollout.to_revision.number
    if rollout.state in Rollout.AT_A_STEP_STATES:
        return f"Revision {number} {rollout_words(rollout)}{' and waits for a person' if rollout.paused_at else ''}."
    return f"The rollout of revision {number} is {rollout.get_state_display()} now."


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
