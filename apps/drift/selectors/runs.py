"""Reading runs, policies and profiles; without numpy, so that a page may."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Prefetch, Q, QuerySet
from django.db.models.functions import Now

from apps.deployments.models import Deployment
from apps.drift.models import DriftGroup, DriftPolicy, DriftRun, ReferenceProfile
from apps.drift.rules.states import State
from apps.registry.models import ModelVersion

#: States that say whether a group is drifted; the others leave it as it was known to be.
_DECIDED = (State.DRIFTED, State.STEADY, State.CONSTANT)


def policy_of(deployment: Deployment) -> DriftPolicy:
    """The deployment's policy; the defaults, in no row, where nobody set one."""
    return DriftPolicy.objects.filter(deployment=deployment).first() or DriftPolicy(deployment=deployment)


def profile_newest(version: ModelVersion) -> ReferenceProfile | None:
    """The profile that counts for a version, without its content; it may be one with a problem."""
    return ReferenceProfile.objects.filter(version=version).defer("content").order_by("-pk").first()


def profiles_newest(versions: Collection[int]) -> dict[int, ReferenceProfile]:
    """The same by version id, of those that have one."""
    profiles = ReferenceProfile.objects.filter(version__in=versions).defer("content")
    return {each.version_id: each for each in profiles.order_by("version_id", "-pk").distinct("version_id")}


def runs_list(deployment: Deployment) -> QuerySet[DriftRun]:
    """The runs of a deployment, newest first, with the states of their groups."""
    groups = DriftGroup.objects.defer("driving").order_by("name")
    runs = DriftRun.objects.filter(deployment=deployment).select_related("deployment", "requested_by")
    return runs.prefetch_related(Prefetch("groups", groups)).order_by("-pk")


def run_last(deployment: Deployment, revision: int) -> DriftRun | None:
    """The newest run of a revision that is done."""
    done = DriftRun.objects.filter(deployment=deployment, revision=revision, state=DriftRun.State.DONE)
    return done.order_by("-pk").first()


def drifted_groups(
    deployment: Deployment, revision: int | None, before: DriftRun | None = None, until: datetime | None = None
) -> set[str]:
    """Groups that the last run with anything to say of them found drifted, of one revision or, for None, of whichever
    it was; with `before`, of the runs before that one; with `until`, of those that had ended by then.

    A run that has not enough data takes nothing back.
    """
    groups = DriftGroup.objects.filter(run__deployment=deployment, run__state=DriftRun.State.DONE, state__in=_DECIDED)
    if revision is not None:
        groups = groups.filter(run__revision=revision)
    if before is not None:
        groups = groups.filter(run__lt=before.pk)
    if until is not None:
        groups = groups.filter(run__finished_at__lte=until)
    last = groups.order_by("name", "-run_id").distinct("name").values_list("name", "state")
    return {name for name, state in last if state == State.DRIFTED}


def is_first_run(run: DriftRun) -> bool:
    """Whether no run of the same revision was done before this one."""
    done = DriftRun.objects.filter(deployment=run.deployment, revision=run.revision, state=DriftRun.State.DONE)
    return not done.filter(pk__lt=run.pk).exists()


def groups_now() -> list[tuple[str, str, str]]:
    """(deployment, group, state) by the last finished run of every deployment's live revision."""
    live = Deployment.objects.exclude(live_revision=None).values_list("pk", "live_revision__number")
    done = DriftRun.objects.filter(state=DriftRun.State.DONE)
    newest = done.order_by("deployment_id", "revision", "-pk").distinct("deployment_id", "revision")
    numbers = set(live)
    runs = [pk for pk, *of in newest.values_list("pk", "deployment", "revision") if tuple(of) in numbers]
    found = DriftGroup.objects.filter(run__in=runs).order_by("run__deployment__name", "name")
    return list(found.values_list("run__deployment__name", "name", "state"))


def runs_claimable() -> QuerySet[DriftRun]:
    """Runs that wait for a worker, or whose worker's lease ended, by the database's clock."""
    abandoned = Q(state=DriftRun.State.RUNNING, leased_until__lt=Now())
    return DriftRun.objects.filter(Q(state=DriftRun.State.WAITING) | abandoned).order_by("pk")
