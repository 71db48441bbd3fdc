"""Asking for runs: on demand, by the clock, and by count. One at a time for a deployment."""

from datetime import datetime

from django.db import IntegrityError, transaction
from psycopg.errors import UniqueViolation

from apps.core import audit, poke
from apps.core.clock import now
from apps.core.errors import CallerError
from apps.core.models import User
from apps.deployments.models import Deployment
from apps.drift import access
from apps.drift.errors import NoReferenceProfile, NothingLive, RunUnderWay
from apps.drift.models import DriftPolicy, DriftRun, ReferenceProfile
from apps.drift.rules.due import Pace, Standing, due
from apps.drift.selectors import policy_of, profile_newest, profiles_newest, runs_claimable
from apps.inference.selectors.drawn import came_since

#: The Celery task that does what waits, and its queue: the analysis worker's.
TASK, QUEUE = "drift.runs", "analysis"


def run_request(
    *, actor: User, deployment: Deployment, after: datetime | None = None, before: datetime | None = None
) -> tuple[DriftRun, bool]:
    """Ask for a run now; returns it and whether it is new. One that waits or runs already is the answer, unless another
    window was asked for.

    The window is the policy's; with `after`, that stretch of time up to `before` or now. Raises Forbidden, CallerError
    for a stretch that is none, NothingLive, NoReferenceProfile, or RunUnderWay where another window is being looked at.
    """
    access.watcher(actor)
    until = before or now()
    if after and after >= until:
        raise CallerError(f"after must be earlier than {'before' if before else 'now'}.")
    profile = _profile(deployment)
    for _ in range(2):  # once more where the one in the way ended this moment
        run = _demand(actor, deployment, profile, after, until)
        if run is not None:
            return run, True
        under_way = DriftRun.objects.filter(deployment=deployment, state__in=DriftRun.OPEN_STATES).first()
        if under_way is None:
            continue
        if after or before:
            raise RunUnderWay(f"Another window of '{deployment.name}' is being looked at.", run=under_way.pk)
        return under_way, False
    raise RunUnderWay(f"Other runs of '{deployment.name}' come and go at this moment.")


def _demand(
    actor: User, deployment: Deployment, profile: ReferenceProfile, after: datetime | None, until: datetime
) -> DriftRun | None:
    with transaction.atomic():
        run = _insert(deployment, profile, policy_of(deployment), DriftRun.Trigger.DEMAND, until, actor, after)
        if run is not None:
            told = {"run": run.pk, "revision": run.revision}
            audit.record(actor=actor, action="drift.run_requested", target=f"deployment:{deployment.name}", **told)
    return run


def runs_request_due() -> int:
    """Ask for the runs that are due by their policies, and wake the analysis worker where any waits. How many are new.

    Deployments are looked at whose live revision has a profile that can be used, and that wait for no run.
    """
    requested = sum(_request_due(deployment) for deployment in _watched())
    if runs_claimable().exists():
        poke.send(TASK, QUEUE)
    return requested


def _watched() -> list[Deployment]:
    under_way = DriftRun.objects.filter(state__in=DriftRun.OPEN_STATES).values("deployment")
    live = Deployment.objects.exclude(live_revision=None).exclude(pk__in=under_way)
    deployments = list(live.select_related("live_revision"))
    profiles = profiles_newest({each.live_revision.version_id for each in deployments if each.live_revision})
    found = []
    for each in deployments:
        profile = profiles.get(each.live_revision.version_id) if each.live_revision else None
        if profile is not None and not profile.problem:
            found.append(each)
    return found


def _request_due(deployment: Deployment) -> bool:
    policy, revision, moment = policy_of(deployment), deployment.live_revision, now()
    assert revision is not None
    last = DriftRun.objects.filter(deployment=deployment, revision=revision.number).order_by("-pk").first()
    since = last.requested_at if last else revision.live_at or revision.requested_at
    was_empty = last is not None and last.state == DriftRun.State.DONE and not last.predictions
    pace = Pace(policy.every_minutes, policy.every_predictions)
    came = came_since(deployment.name, revision.number, since, policy.every_predictions or 1)
    trigger = due(pace, Standing(since, was_empty, came), moment)
    if not trigger:
        return False
    with transaction.atomic():
        run = _insert(deployment, _profile(deployment), policy, DriftRun.Trigger(trigger), moment)
    return run is not None


def _profile(deployment: Deployment) -> ReferenceProfile:
    if deployment.live_revision is None:
        raise NothingLive(f"Nothing is live behind '{deployment.name}'.")
    version = deployment.live_revision.version
    profile = profile_newest(version)
    if profile is None:
        raise NoReferenceProfile(f"{version} has no reference profile to compare with.")
    if profile.problem:
        raise NoReferenceProfile(f"The reference profile of {version} cannot be used: {profile.problem}")
    return profile


def _insert(
    deployment: Deployment,
    profile: ReferenceProfile,
    policy: DriftPolicy,
    trigger: DriftRun.Trigger,
    before: datetime,
    actor: User | None = None,
    after: datetime | None = None,
) -> DriftRun | None:
    """None where a run of the deployment waits or runs already."""
    assert deployment.live_revision is not None
    try:
        with transaction.atomic():
            run = DriftRun.objects.create(
                deployment=deployment,
                revision=deployment.live_revision.number,
                profile=profile,
                trigger=trigger,
                after=after,
                before=before,
                window=policy.window,
                window_hours=policy.window_hours,
                level=policy.level,
                requested_by=actor,
            )
    except IntegrityError as error:
        if not _of_open_once(error):
            raise
        return None
    transaction.on_commit(lambda: poke.send(TASK, QUEUE))
    return run


def _of_open_once(error: IntegrityError) -> bool:
    cause = error.__cause__
    return isinstance(cause, UniqueViolation) and cause.diag.constraint_name == "drift_run_open_once"
