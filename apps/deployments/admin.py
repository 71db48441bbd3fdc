"""Deployments and the fleet in the admin: to read; what changes them is a request that somebody else approves."""

from django.contrib import admin

from apps.core.admin import ReadOnlyAdmin
from apps.deployments.models import Deployment, Node, Replica, Revision, Rollout, StageScale


@admin.register(Deployment)
class DeploymentAdmin(ReadOnlyAdmin):
    list_display = ("name", "live_revision", "created_by", "created_at")
    search_fields = ("name",)


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
