"""What the REST edge answers."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.deployments.models import Deployment, Node, Replica, Revision, Rollout
from apps.deployments.selectors import replicas_list

#: What a revision's state means for whoever waits for its approval.
_APPROVAL = {
    Revision.State.REQUESTED: "waits for approval",
    Revision.State.REJECTED: "was rejected",
    Revision.State.SUPERSEDED: "is no longer wanted",
}


class RolloutAnswer(serializers.ModelSerializer[Rollout]):
    from_revision = serializers.IntegerField(source="from_revision.number", allow_null=True, default=None)
    to_revision = serializers.IntegerField(source="to_revision.number")
    state = serializers.CharField(help_text="starting, shifting, draining, done, failed or superseded.")

    class Meta:
        model = Rollout
        fields = [
            *("from_revision", "to_revision", "state", "reason", "snapshot_number"),
            *("started_at", "shifted_at", "moved_at", "draining_at", "ended_at"),
        ]


class ReplicaAnswer(serializers.ModelSerializer[Replica]):
    deployment = serializers.CharField(source="stage.revision.deployment.name")
    revision = serializers.IntegerField(source="stage.revision.number")
    stage = serializers.CharField(source="stage.name")
    node = serializers.CharField(source="node.name")
    state = serializers.CharField(help_text="pending, starting, warming, ready, draining, stopped, failed or lost.")

    class Meta:
        model = Replica
        fields = [
            *("id", "deployment", "revision", "stage", "slot", "node", "device", "state", "code", "reason", "pid"),
            *("memory_bytes", "placed_at", "started_at", "ready_at", "heartbeat_at", "ended_at"),
        ]


class NodeAnswer(serializers.ModelSerializer[Node]):
    state = serializers.CharField(help_text="up, or away when its worker said goodbye; see also last_seen.")
    device_classes = serializers.ListField(child=serializers.CharField())
    devices = serializers.ListField(child=serializers.DictField())

    class Meta:
        model = Node
        fields = [
            *("name", "state", "device_classes", "devices", "cores", "slots", "memory_total", "memory_free"),
            *("started_at", "last_seen"),
        ]


class RevisionAnswer(serializers.ModelSerializer[Revision]):
    deployment = serializers.CharField(source="deployment.name")
    model = serializers.CharField(source="version.model.name")
    version = serializers.IntegerField(source="version.number")
    spec = serializers.DictField()
    approval = serializers.SerializerMethodField(help_text="Where its approval stands, in words.")
    requested_by = serializers.CharField(source="requested_by.username")
    approved_by = serializers.CharField(source="approved_by.username", allow_null=True, default=None)

    class Meta:
        model = Revision
        fields = [
            *("deployment", "number", "model", "version", "state", "state_reason", "approval", "digest", "spec"),
            *("requested_by", "requested_at", "approved_by", "approved_at", "live_at", "ended_at"),
        ]

    def get_approval(self, revision: Revision) -> str:
        """Such as `waits for approval`, or `was approved by ben`."""
        if revision.approved_by:
            return f"was approved by {revision.approved_by.get_username()}"
        return _APPROVAL.get(Revision.State(revision.state), "was not approved")


class RevisionDetail(RevisionAnswer):
    replicas = serializers.SerializerMethodField(help_text="Its replicas, newest first, 100 at most.")
    rollout = RolloutAnswer(allow_null=True, default=None)

    class Meta(RevisionAnswer.Meta):
        fields = [*RevisionAnswer.Meta.fields, "rollout", "replicas"]

    @extend_schema_field(ReplicaAnswer(many=True))
    def get_replicas(self, revision: Revision) -> Any:
        """The newest replicas of every stage."""
        replicas = replicas_list().filter(stage__revision=revision)
        return ReplicaAnswer(replicas[:100], many=True).data


class DeploymentAnswer(serializers.ModelSerializer[Deployment]):
    created_by = serializers.CharField(source="created_by.username")
    live_revision = serializers.IntegerField(source="live_revision.number", allow_null=True, default=None)
    rollout = serializers.SerializerMethodField(help_text="The rollout that is on its way, if any.")

    class Meta:
        model = Deployment
        fields = ["name", "description", "created_by", "created_at", "live_revision", "rollout"]

    @extend_schema_field(RolloutAnswer(allow_null=True))
    def get_rollout(self, deployment: Deployment) -> Any:
        """The open one."""
        on_its_way = deployment.open_rollouts  # type: ignore[attr-defined]  # selectors.deployments_list adds it
        return RolloutAnswer(on_its_way[0]).data if on_its_way else None


def answer(serializer: type[serializers.BaseSerializer[Any]], instance: Any) -> dict[str, Any]:
    """The JSON of one object."""
    return dict(serializer(instance).data)
