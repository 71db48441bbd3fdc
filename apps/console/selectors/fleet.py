"""Deployments as rows: their state, what they serve and how they do."""

from dataclasses import dataclass

from apps.console.drawing import spark_path
from apps.console.figures import present_texts
from apps.console.selectors.drift import RunRow, verdicts
from apps.console.states import State, deployment_state
from apps.deployments.models import Deployment, Revision, Rollout
from apps.deployments.selectors import standings
from apps.monitoring.selectors import present_numbers, sparklines


@dataclass(frozen=True, slots=True)
class DeploymentRow:
    """One line of the table of deployments; `figures` are texts by `data-figure`."""

    name: str
    live: Revision | None
    modalities: list[str]
    state: State
    spark: str
    figures: dict[str, str]
    ready: int
    wanted: int
    #: The last run over the live revision, if there was one.
    drift: RunRow | None


def deployment_rows() -> list[DeploymentRow]:
    """Every deployment by name."""
    deployments = list(
        Deployment.objects.select_related("live_revision__version__model", "live_revision__deployment").order_by("name")
    )
    numbers = present_numbers([each.name for each in deployments])
    serving = [each.live_revision for each in deployments if each.live_revision]
    sparks, scarcest, drift = sparklines(), _scarcest(serving), verdicts(serving)
    rollouts, newest = _open_rollouts(), _newest_revisions()
    rows = []
    for each in deployments:
        live = each.live_revision
        ready, wanted = scarcest.get(live.pk if live else 0, (0, 0))
        rows.append(
            DeploymentRow(
                name=each.name,
                live=live,
                modalities=modalities(live or newest.get(each.pk)),
                state=deployment_state(live, newest.get(each.pk), rollouts.get(each.pk), ready, wanted),
                spark=spark_path(sparks.get(each.name, [])),
                figures=present_texts(each.name, numbers[each.name]),
                ready=ready,
                wanted=wanted,
                drift=drift.get(each.pk),
            )
        )
    return rows


def modalities(revision: Revision | None) -> list[str]:
    """What kinds of input it takes, each once, in the manifest's order."""
    inputs = revision.version.manifest["inputs"] if revision else []
    return list(dict.fromkeys(each["modality"] for each in inputs))


def _scarcest(live: list[Revision]) -> dict[int, tuple[int, int]]:
    """Live revision id -> (ready, wanted) of the stage that lacks most: it decides what the deployment can do.

    A stage that nobody asks and that may have no replica lacks none.
    """
    found = {}
    for revision_id, stages in standings(live).items():
        pairs = [(each.ready, each.desired) for each in stages]
        found[revision_id] = min(pairs, key=lambda pair: pair[0] / pair[1] if pair[1] else 1)
    return found


def _open_rollouts() -> dict[int, Rollout]:
    rollouts = Rollout.objects.filter(state__in=Rollout.OPEN_STATES).select_related("to_revision")
    return {rollout.deployment_id: rollout for rollout in rollouts}


def _newest_revisions() -> dict[int, Revision]:
    """Deployment id -> its last requested revision."""
    newest = Revision.objects.order_by("deployment_id", "-number").distinct("deployment_id")
    return {revision.deployment_id: revision for revision in newest.select_related("version__model")}
