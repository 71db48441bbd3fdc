"""What a page may subscribe to, and the channel-layer group that carries it.

`fleet` carries every deployment's numbers; `deployment.<name>` one deployment's, with the parts its charts need;
`job.<id>` says when a training job moved.
"""

from uuid import UUID

from apps.core.errors import NotFound
from apps.core.models import User
from apps.deployments.access import deployment_for
from apps.training.access import job_for

FLEET = "fleet"
_DEPLOYMENT = "deployment."
JOB = "job."


def deployment_topic(name: str) -> str:
    """The topic of one deployment."""
    return _DEPLOYMENT + name


def deployment_group(deployment_id: int) -> str:
    """The group of one deployment: by id, because a group's name must stay under 100 characters."""
    return f"{_DEPLOYMENT}{deployment_id}"


def job_topic(job_id: UUID) -> str:
    """The topic of one training job, and its group."""
    return f"{JOB}{job_id}"


def group_for(actor: User, topic: str) -> str:
    """The group behind `topic`, if `actor` may follow it; raises NotFound otherwise."""
    if topic == FLEET:
        return FLEET
    if topic.startswith(_DEPLOYMENT):
        return deployment_group(deployment_for(actor, topic.removeprefix(_DEPLOYMENT)).pk)
    if topic.startswith(JOB) and (job_id := _uuid(topic.removeprefix(JOB))):
        return job_topic(job_for(actor, job_id).pk)
    raise NotFound(f"There is no topic '{topic}'.", remedy=f"Use '{FLEET}', '{_DEPLOYMENT}<name>' or '{JOB}<id>'.")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
