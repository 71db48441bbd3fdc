"""Rows that deployment tests start from, and the hands of the hosts and gateways that they do without."""

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from apps.core.ids import new_id
from apps.deployments import services
from apps.deployments.models import Deployment, Node, ReconcilerWatch, Replica, Revision, Rollout
from apps.deployments.rules.advance import Evidence
from apps.deployments.rules.scale import Load
from apps.deployments.rules.streams import stage_stream
from apps.deployments.services.replicas import replica_claim
from apps.registry.models import ModelVersion, RegisteredModel
from tests.world import World

GIB = 1024**3
FACTS = services.NodeFacts(
    cores=4, slots=8, memory_total=16 * GIB, memory_free=16 * GIB, device_classes=["cpu"], devices=[]
)
MANIFEST: dict[str, Any] = {
    "inputs": [{"name": "image", "modality": "image", "datatype": "BYTES", "shape": [-1], "required": False}],
    "outputs": [{"name": "digit", "datatype": "INT64", "shape": [-1]}],
    "require_any": ["image"],
    "stages": [{"name": n, "handler": "h:H", "device": "cpu"} for n in ("preprocess", "infer", "postprocess")],
    "metrics": {"accuracy": 0.99},
}


def make_version(world: World, number: int = 1, name: str = "digits-av", **fields: Any) -> ModelVersion:
    """A registered version, of which only the rows exist."""
    model, _ = RegisteredModel.objects.get_or_create(name=name, defaults={"created_by": world.ada})
    digest = hashlib.sha256(f"{name} {number}".encode()).hexdigest()
    known = {"digest": digest, "manifest": MANIFEST, "size_bytes": 1000, "created_by": world.ada}
    return ModelVersion.objects.create(model=model, number=number, **(known | fields))


def make_deployment(world: World, name: str = "digits") -> Deployment:
    """A deployment with nothing behind it."""
    return services.deployment_create(actor=world.ada, name=name)


def make_revision(world: World, deployment: Deployment, version: ModelVersion, **spec: Any) -> Revision:
    """A revision that waits for approval; unless it says so, the one before it is not kept."""
    spec.setdefault("keep_s", 0)
    return services.revision_request(actor=world.ada, deployment=deployment, version=version, **spec)


def approve(world: World, revision: Revision, **changes: Any) -> None:
    """What approvals say when Ben has agreed."""
    said: dict[str, Any] = {"kind": "rollout", "subject_id": revision.pk, "digest": revision.digest}
    services.rollout_start(event_id=new_id(), **(said | {"reviewers": [world.ben.pk]} | changes))
    revision.refresh_from_db()


class Fleet:
    """Nodes whose hosts do at once, and only, what the test says."""

    def __init__(self, *nodes: str) -> None:
        self.lives = {name: new_id() for name in nodes or ("n1",)}
        self.snapshot = 0
        self.beat()

    def beat(self, **facts: Any) -> None:
        """Every node and every replica's host says that it is there."""
        for name, life in self.lives.items():
            services.node_beat(name=name, incarnation=life, facts=FACTS)
        Node.objects.update(**facts) if facts else None
        for replica in Replica.objects.filter(state__in=Replica.ACTIVE_STATES).exclude(state="pending"):
            services.replica_beat(replica_id=replica.pk)

    def reconcile(self, evidence: Evidence | None = None) -> None:
        """One pass."""
        services.reconcile(evidence=evidence)

    def claim(self, replica: Replica) -> dict[str, Any] | None:
        """What the host on the replica's node does when its message comes."""
        return replica_claim(replica_id=replica.pk, incarnation=self.lives[replica.node.name])

    def start_all(self) -> None:
        """Every pending replica is claimed and becomes ready."""
        for replica in Replica.objects.filter(state="pending").select_related("node"):
            self.claim(replica)
            services.replica_warming(replica_id=replica.pk, pid=1)
            services.replica_ready(replica_id=replica.pk, memory_bytes=GIB)

    def fail(self, replica: Replica, reason: str = "It fell over.") -> None:
        """The replica's child ends by itself."""
        self.claim(replica)
        services.replica_failed(replica_id=replica.pk, code="process_ended", reason=reason)

    def stop_draining(self) -> None:
        """Every draining replica has ended."""
        for replica in Replica.objects.filter(state="draining"):
            services.replica_stopped(replica_id=replica.pk)

    def moved(self, deployment: Deployment, gateways: int = 1, waiting: int = 0) -> Evidence:
        """Every gateway follows a routing that leads to the live revision; `waiting` requests are in older streams."""
        self.snapshot += 1
        deployment.refresh_from_db()
        assert deployment.live_revision is not None
        older = deployment.revisions.exclude(pk=deployment.live_revision_id).prefetch_related("stages")
        streams = [stage_stream(deployment.name, r.number, s.name) for r in older for s in r.stages.all()]
        return Evidence(
            snapshot=self.snapshot,
            routes={deployment.name: frozenset({deployment.live_revision.number})},
            gateways={f"g{i}": self.snapshot for i in range(gateways)},
            waiting=dict.fromkeys(streams, waiting),
        )

    def asked(self, **loads: Load) -> None:
        """One pass that sees these loads, by stage of the first revision of `digits`; nothing elsewhere."""
        seen = {stage_stream("digits", 1, name): load for name, load in loads.items()}
        self.reconcile(Evidence(loads=seen))

    def bring_up(self) -> None:
        """What was approved is placed and becomes ready, and the traffic begins to move."""
        self.reconcile()
        self.start_all()
        self.reconcile()

    def follow(self, deployment: Deployment) -> None:
        """Every gateway has followed the traffic for a while: the old revision is kept, or ends."""
        self.reconcile(self.moved(deployment))
        settle(deployment)
        self.reconcile(self.moved(deployment))

    def carry_through(self, deployment: Deployment) -> None:
        """From approval to the end of the old revision."""
        self.bring_up()
        self.follow(deployment)
        self.reconcile(self.moved(deployment))
        self.stop_draining()
        self.reconcile(self.moved(deployment))
        deployment.refresh_from_db()

    def finish(self, deployment: Deployment, seconds: float = 60.0) -> None:
        """Take the open rollout to its end; `seconds` is how long gateways have followed the new routing."""
        for _ in range(3):
            self.beat()
            self.reconcile(self.moved(deployment))
            self.start_all()
            settle(deployment, seconds)
            self.reconcile(self.moved(deployment))
            self.stop_draining()

    def go_live(self, world: World, deployment: Deployment, revision: Revision) -> None:
        """Bring a requested revision all the way."""
        approve(world, revision)
        self.beat()
        self.carry_through(deployment)
        revision.refresh_from_db()


def settle(deployment: Deployment, seconds: float = 2.0) -> None:
    """As if every gateway had had the new routing for that long."""
    for rollout in Rollout.objects.filter(deployment=deployment).exclude(moved_at=None):
        rollout.moved_at -= timedelta(seconds=seconds)  # type: ignore[operator]
        rollout.save(update_fields=["moved_at"])


def silent(seconds: float, *replicas: UUID) -> None:
    """As if nothing had been heard of these replicas, or of any, for that long."""
    chosen = Replica.objects.filter(pk__in=replicas) if replicas else Replica.objects.all()
    ago = Now() - timedelta(seconds=seconds)
    chosen.exclude(heartbeat_at=None).update(heartbeat_at=ago)
    chosen.update(dispatched_at=ago)


def watched(seconds: float) -> None:
    """As if passes had followed each other for that long."""
    ReconcilerWatch.objects.get_or_create(pk=1)
    ReconcilerWatch.objects.update(since=Now() - timedelta(seconds=seconds), last_pass_at=Now())


def states(revision: Revision) -> list[str]:
    """The states of a revision's replicas, oldest first."""
    return list(Replica.objects.filter(stage__revision=revision).order_by("pk").values_list("state", flat=True))
