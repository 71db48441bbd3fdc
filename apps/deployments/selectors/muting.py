"""Which inputs are muted."""

from collections.abc import Iterable

from django.db.models import QuerySet

from apps.deployments.models import Deployment, MutedInput, Revision
from apps.deployments.rules import muting


def mutings(deployment: Deployment) -> QuerySet[MutedInput]:
    """Every muting of a deployment's inputs, newest first, those that ended too."""
    related = ("deployment", "muted_by", "released_by")
    return MutedInput.objects.filter(deployment=deployment).select_related(*related).order_by("-pk")


def mutings_open(deployments: Iterable[Deployment] | None = None) -> QuerySet[MutedInput]:
    """Those that hold now, oldest first: of some deployments or of all."""
    held = MutedInput.objects.filter(released_at=None).select_related("deployment", "muted_by").order_by("pk")
    return held if deployments is None else held.filter(deployment__in=list(deployments))


def inputs_left_out(revisions: Iterable[Revision], muted: Iterable[str]) -> list[str]:
    """Those of a deployment's muted inputs that every one of these revisions can do without."""
    names = list(muted)
    for revision in revisions:
        names = muting.allowed(revision.version.manifest, revision.spec, names)
    return names


def live_inputs(deployment: Deployment) -> dict[str, str]:
    """Input -> modality, of the live revision; nothing where none is live."""
    live = deployment.live_revision
    return {each["name"]: each["modality"] for each in live.version.manifest["inputs"]} if live else {}
