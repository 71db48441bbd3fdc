"""The only door to deployments: fetching one and checking the right to it are one act."""

from apps.core.errors import NotFound
from apps.core.models import User
from apps.core.permissions import require
from apps.deployments.models import Deployment, Revision, Rollout

OPERATE = "deployments.operate_deployment"


def deployment_for(actor: User, name: str) -> Deployment:
    """The deployment called `name`, to read: anybody signed in may."""
    found = Deployment.objects.select_related("live_revision", "created_by").filter(name=name).first()
    if found is None:
        raise NotFound(f"There is no deployment '{name}'.")
    return found


def deployment_to_operate(actor: User, name: str) -> Deployment:
    """The deployment called `name`, for somebody who may change what it serves."""
    require(actor, OPERATE, "request revisions")
    return deployment_for(actor, name)


def revision_for(actor: User, name: str, number: int) -> Revision:
    """Revision `number` of the deployment called `name`, to read."""
    revisions = Revision.objects.select_related("deployment", "version__model", "requested_by", "approved_by")
    found = revisions.filter(deployment=deployment_for(actor, name), number=number).first()
    if found is None:
        raise NotFound(f"Deployment '{name}' has no revision {number}.", remedy="Look at its list of revisions.")
    return found


def rollout_for(actor: User, rollout_id: int) -> Rollout:
    """One rollout, to read: anybody signed in may."""
    found = Rollout.objects.select_related("deployment", "from_revision", "to_revision").filter(pk=rollout_id).first()
    if found is None:
        raise NotFound(f"There is no rollout {rollout_id}.", remedy="Look at the list of rollouts.")
    return found
