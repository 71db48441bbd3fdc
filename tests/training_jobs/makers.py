"""Jobs to begin with: a registered parent whose files are there, and frozen samples."""

from typing import Any
from uuid import UUID

from apps.core.ids import new_id
from apps.datasets.models import DatasetVersion
from apps.datasets.services import version_freeze
from apps.deployments.models import Node
from apps.deployments.services import node_beat
from apps.registry.models import ModelVersion
from apps.training.models import TrainingJob
from apps.training.services import job_claim, job_request, job_start
from tests.datasets.samples import sample
from tests.deployments.makers import FACTS
from tests.registry import artifact
from tests.world import World


def frozen(world: World, name: str = "texts", count: int = 4) -> DatasetVersion:
    """A dataset version of so many short texts."""
    samples = [sample(f"{name} {number}", "odd" if number % 2 else "even", "short") for number in range(count)]
    return version_freeze(actor=world.ada, name=name, samples=samples)[0]


def requested(world: World, parent: ModelVersion | None = None, **more: Any) -> TrainingJob:
    """A job that waits."""
    parent = parent or artifact.version(world.ada)
    more.setdefault("dataset", DatasetVersion.objects.first() or frozen(world))
    return job_request(actor=world.ada, parent=parent, recipe="full", **more)[0]


def node(name: str = "n1") -> None:
    """A node that is up."""
    node_beat(name=name, incarnation=new_id(), facts=FACTS)
    assert Node.objects.filter(name=name).exists()


def running(job: TrainingJob) -> UUID:
    """Have a node take it and begin; the lease."""
    spec = job_claim(job_id=job.pk, node="n1")
    assert spec is not None
    assert job_start(job_id=job.pk, lease=UUID(spec["lease"]))
    job.refresh_from_db()
    return UUID(spec["lease"])
