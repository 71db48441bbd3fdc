"""Lists to show, each with what an answer says of its rows."""

from django.db.models import Prefetch, QuerySet

from apps.deployments.models import Deployment, Replica, Revision, Rollout


def deployments_list() -> QuerySet[Deployment]:
    """Deployments, newest first, each with `open_rollouts`: the one that is on its way, if any."""
    on_their_way = Rollout.objects.filter(state__in=Rollout.OPEN_STATES).select_related("from_revision", "to_revision")
    deployments = Deployment.objects.select_related("created_by", "live_revision")
    return deployments.prefetch_related(Prefetch("rollouts", on_their_way, "open_rollouts")).order_by("-pk")


def revisions_list(deployment: Deployment) -> QuerySet[Revision]:
    """The revisions of one deployment, newest first."""
    related = ("deployment", "version__model", "requested_by", "approved_by")
    return deployment.revisions.select_related(*related).order_by("-pk")


def replicas_list(*, deployment: str = "", state: str = "") -> QuerySet[Replica]:
    """Replicas, newest first: all, or those of the deployment called so and in that state."""
    replicas = Replica.objects.select_related("stage__revision__deployment", "node").order_by("-pk")
    if deployment:
        replicas = replicas.filter(stage__revision__deployment__name=deployment)
    return replicas.filter(state=state) if state else replicas
