"""Lists to show, each with what an answer says of its rows."""

from typing import Any

from django.db.models import Prefetch, QuerySet

from apps.deployments.models import Deployment, MutedInput, Replica, Revision, Rollout, Stage
from apps.deployments.rules.spec import digest, setting


def deployments_list() -> QuerySet[Deployment]:
    """Deployments, newest first, each with `open_rollouts`: the one that is on its way, if any; and `now_muted`."""
    on_their_way = rollouts_list().filter(state__in=Rollout.OPEN_STATES)
    muted = MutedInput.objects.filter(released_at=None).select_related("muted_by", "released_by").order_by("pk")
    with_both = (Prefetch("rollouts", on_their_way, "open_rollouts"), Prefetch("muted_inputs", muted, "now_muted"))
    deployments = Deployment.objects.select_related("created_by", "live_revision")
    return deployments.prefetch_related(*with_both).order_by("-pk")


def revisions_list(deployment: Deployment) -> QuerySet[Revision]:
    """The revisions of one deployment, newest first."""
    related = ("deployment", "version__model", "requested_by", "approved_by")
    return deployment.revisions.select_related(*related).order_by("-pk")


def rollouts_list(*, deployment: str = "") -> QuerySet[Rollout]:
    """Rollouts, newest first: all, or those of the deployment called so."""
    rollouts = Rollout.objects.select_related("deployment", "from_revision", "to_revision").order_by("-pk")
    return rollouts.filter(deployment__name=deployment) if deployment else rollouts


def revision_digest(revision: Revision) -> str:
    """The digest of what is stored at this moment, worked out anew: what an approval has to name."""
    others = revision.stages.values_list("version__digest", flat=True)
    return digest(revision.version.digest, revision.spec, others)


def replicas_list(*, deployment: str = "", state: str = "") -> QuerySet[Replica]:
    """Replicas, newest first: all, or those of the deployment called so and in that state."""
    replicas = Replica.objects.select_related("stage__revision__deployment", "node").order_by("-pk")
    if deployment:
        replicas = replicas.filter(stage__revision__deployment__name=deployment)
    return replicas.filter(state=state) if state else replicas


def revision_outputs(deployment: str, number: int) -> list[dict[str, Any]]:
    """The outputs of what answers in this revision: those of its last stage's version. Empty where there is none."""
    stages = Stage.objects.filter(revision__deployment__name=deployment, revision__number=number)
    last = stages.select_related("version").order_by("-position").first()
    return list(last.version.manifest["outputs"]) if last else []


def record_keep() -> dict[str, int]:
    """Deployment name -> days for which its predictions are kept: by its live revision, else by its newest."""
    kept = {}
    for deployment in Deployment.objects.select_related("live_revision"):
        revision = deployment.live_revision or deployment.revisions.first()
        if revision is not None:
            kept[deployment.name] = int(setting(revision.spec, "record")["keep_days"])
    return kept
