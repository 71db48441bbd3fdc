"""The only door to runs and profiles: fetching one and checking the right to it are one act."""

from collections.abc import Sequence

from apps.core.errors import NotFound
from apps.core.models import User
from apps.core.permissions import require
from apps.deployments.access import OPERATE
from apps.deployments.models import Deployment
from apps.drift.models import DriftRun
from apps.inference.access import deployment_allowed, deployment_to_judge


def deployment_to_watch(actor: User, allowed: Sequence[str], name: str) -> Deployment:
    """The deployment, for who may say when it is looked at and ask for a run now; a key for its deployments only."""
    watcher(actor)
    return deployment_to_judge(actor, allowed, name)


def watcher(actor: User) -> None:
    """Raise Forbidden unless `actor` may say when deployments are looked at."""
    require(actor, OPERATE, "change how drift is looked for")


def run_for(allowed: Sequence[str], run_id: int) -> DriftRun:
    """The run with all that it says, to read: anybody signed in may, a key for its deployments only."""
    related = ("deployment", "requested_by", "profile__version__model")
    runs = DriftRun.objects.select_related(*related).defer("profile__content").prefetch_related("groups", "results")
    found = runs.filter(pk=run_id).first()
    if found is None:
        raise NotFound(f"There is no drift run {run_id}.", remedy="Runs are kept for 30 days.")
    if refusal := deployment_allowed(allowed, found.deployment.name):
        raise refusal
    return found
