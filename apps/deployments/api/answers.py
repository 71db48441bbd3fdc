"""What the REST edge answers."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.deployments.models import Deployment, MutedInput, Node, Replica, Revision, Rollout
from apps.deployments.rules.spec import setting
from apps.deployments.selectors import (
    replicas_list,
    rollout_mirrored,
    rollout_settled,
    rollout_steps,
    rollout_weight,
    standings,
)

#: What a revision's state means for whoever waits for its approval.
_APPROVAL = {
    Revision.State.REQUESTED: "waits for approval",
    Revision.State.REJECTED: "was rejected",
    Revision.State.SUPERSEDED: "is no longer wanted",
}


class RolloutAnswer(serializers.ModelSerializer[Rollout]):
    deployment = serializers.CharField(source="deployment.name")
    strategy = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField(
        help_text="Per cents of the traffic at each `step` of its plan, 0 in the shadow; none where it has no plan."
    )
    share = serializers.SerializerMethodField(
        help_text="Per cent of the traffic that the new revision has by its plan."
    )
    mirrored = serializers.SerializerMethodField(
        help_text="Per cent of what the live revision answers that the new one is asked as well, while in the shadow."
    )
    comparison = serializers.DictField(
        help_text="What the present step has measured: verdict, reason, measures; in the shadow also mirrors."
    )
    settled = serializers.SerializerMethodField(help_text="It is over, or keeps the old revision ready.")
    from_revision = serializers.IntegerField(source="from_revision.number", allow_null=True, default=None)
    to_revision = serializers.IntegerField(source="to_revision.number")
    state = serializers.CharField(
        help_text="starting, rolling, canary, shadow, shifting, keeping, draining, reverting, done, failed, superseded "
        "or rolled_back."
    )

    class Meta:
        model = Rollout
        fields = [
            *("id", "deployment", "from_revision", "to_revision", "is_rollback", "state", "reason", "settled"),
            *("strategy", "steps", "step", "share", "mirrored", "stepped_at", "paused_at", "pause_reason"),
            *("comparison", "snapshot_number"),
            *("started_at", "shifted_at", "moved_at", "kept_at", "draining_at", "ended_at"),
        ]

    def get_strategy(self, rollout: Rollout) -> str:
        """As the revision's specification says."""
        return str(setting(rollout.to_revision.spec, "strategy"))

    def get_steps(self, rollout: Rollout) -> list[int]:
        """None where traffic moves otherwise."""
        return rollout_steps(rollout)

    def get_share(self, rollout: Rollout) -> int | None:
        """Only while it stands at a step."""
        return rollout_weight(rollout) if rollout.state in Rollout.AT_A_STEP_STATES else None

    def get_mirrored(self, rollout: Rollout) -> int | None:
        """Only while it is in the shadow."""
        return rollout_mirrored(rollout) if rollout.state == Rollout.State.SHADOW else None

    def get_settled(self, rollout: Rollout) -> bool:
        """Whether it has come to its end, good or bad."""
        return rollout_settled(rollout)


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


class StandingAnswer(serializers.Serializer[Any]):
    name = serializers.CharField(source="stage.name")
    steps = serializers.ListField(child=serializers.CharField(), source="stage.steps")
    version = serializers.IntegerField(source="stage.version.number")
    device = serializers.CharField(source="stage.device")
    min_replicas = serializers.IntegerField(source="stage.min_replicas")
    max_replicas = serializers.IntegerField(source="stage.max_replicas")
    desired = serializers.IntegerField(help_text="Replicas that there should be now.")
    ready = serializers.IntegerField()
    reason = serializers.CharField(help_text="Why there should be so many.")
    carried_by = serializers.IntegerField(
        source="carried_by.number", allow_null=True, default=None, help_text="The revision whose replicas serve it."
    )


class RevisionDetail(RevisionAnswer):
    stages = serializers.SerializerMethodField(help_text="How its stages stand.")
    replicas = serializers.SerializerMethodField(help_text="Its replicas, newest first, 100 at most.")
    rollout = RolloutAnswer(allow_null=True, default=None)

    class Meta(RevisionAnswer.Meta):
        fields = [*RevisionAnswer.Meta.fields, "stages", "rollout", "replicas"]

    @extend_schema_field(StandingAnswer(many=True))
    def get_stages(self, revision: Revision) -> Any:
        """In the order in which a request meets them."""
        return StandingAnswer(standings([revision])[revision.pk], many=True).data

    @extend_schema_field(ReplicaAnswer(many=True))
    def get_replicas(self, revision: Revision) -> Any:
        """The newest replicas of every stage, also of those that it shares."""
        carrying = [stage.carrying for stage in revision.stages.all()]
        replicas = replicas_list().filter(stage__in=carrying)
        return ReplicaAnswer(replicas[:100], many=True).data


class MutedInputAnswer(serializers.ModelSerializer[MutedInput]):
    muted_by = serializers.CharField(
        source="muted_by.username", allow_null=True, default=None, help_text="Null where a drift run muted it."
    )
    released_by = serializers.CharField(
        source="released_by.username", allow_null=True, default=None, help_text="Null where no person did."
    )

    class Meta:
        model = MutedInput
        fields = [
            *("input", "reason", "muted_at", "muted_by", "drift_run"),
            *("released_at", "released_by", "release_reason"),
        ]


class DeploymentAnswer(serializers.ModelSerializer[Deployment]):
    created_by = serializers.CharField(source="created_by.username")
    live_revision = serializers.IntegerField(source="live_revision.number", allow_null=True, default=None)
    rollout = serializers.SerializerMethodField(help_text="The rollout that is on its way, if any.")
    kept_revision = serializers.SerializerMethodField(
        help_text="The revision to which a rollback sends the traffic back at once, if any."
    )
    muted_inputs = serializers.SerializerMethodField(help_text="The inputs that it answers without at present.")

    class Meta:
        model = Deployment
        fields = [
            *("name", "description", "created_by", "created_at", "live_revision", "kept_revision", "rollout"),
            "muted_inputs",
        ]

    @extend_schema_field(MutedInputAnswer(many=True))
    def get_muted_inputs(self, deployment: Deployment) -> Any:
        """Oldest first."""
        return MutedInputAnswer(deployment.now_muted, many=True).data  # type: ignore[attr-defined]  # as below

    def get_kept_revision(self, deployment: Deployment) -> int | None:
        """Its number."""
        on_its_way: list[Rollout] = deployment.open_rollouts  # type: ignore[attr-defined]
        kept = [r for r in on_its_way if r.state in Rollout.KEPT_STATES and not r.is_rollback]
        return kept[0].from_revision.number if kept and kept[0].from_revision else None

    @extend_schema_field(RolloutAnswer(allow_null=True))
    def get_rollout(self, deployment: Deployment) -> Any:
        """The open one."""
        on_its_way = deployment.open_rollouts  # type: ignore[attr-defined]  # selectors.deployments_list adds it
        return RolloutAnswer(on_its_way[0]).data if on_its_way else None


def answer(serializer: type[serializers.BaseSerializer[Any]], instance: Any) -> dict[str, Any]:
    """The JSON of one object."""
    return dict(serializer(instance).data)
