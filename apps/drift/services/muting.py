"""Answering from the healthy modalities while one is drifted, where the deployment's policy says so."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F

from apps.deployments.errors import InputNeeded, InputUnknown
from apps.deployments.models import Deployment, MutedInput
from apps.deployments.selectors import live_inputs, mutings, mutings_open
from apps.deployments.services import input_healed, input_mute
from apps.drift.models import DriftGroup, DriftPolicy, DriftRun
from apps.drift.rules.muting import decide
from apps.drift.rules.states import State
from apps.drift.selectors import policy_of, profile_newest

#: A window that ends earlier than so long before its run was asked for says nothing of the present.
_PRESENT = timedelta(minutes=5)
_NOT_ASKED_FOR = "The policy does not ask for it any more."

log = structlog.get_logger(__name__)


def inputs_follow_drift(
    *, event_id: UUID, run_id: int, deployment: str, revision: int, groups: Mapping[str, str], **rest: object
) -> None:
    """Listener of drift.run_finished: mute the inputs of drifted modalities, and give those again that are steady.

    It holds the deployment's row, so that two events at once are taken one after the other. A run that a later one has
    overtaken, that looked at a window of the past, or at a revision which is not live any more, changes nothing; nor
    does one that is told twice.
    """
    with transaction.atomic():
        row = Deployment.objects.select_for_update(no_key=True).filter(name=deployment).first()
        if row is None or row.live_revision is None or row.live_revision.number != revision:
            return
        if run_id != _newest(row):
            return
        if not DriftPolicy.objects.filter(deployment=row, answer_without_drifted=True).exists():
            _heal(row, [each.input for each in mutings_open([row])], run_id, _NOT_ASKED_FOR)
            return
        modalities = live_inputs(row)
        decision = decide(modalities, groups)
        _heal(row, decision.heal, run_id, "")
        for name in decision.mute:
            if not _undone_by_a_person(row, name, modalities[name]):
                _mute(row, name, modalities[name], run_id)


def mutings_release_orphaned() -> int:
    """Give inputs again of which no run to come would: the policy does not ask for it any more, or the live version has
    no profile to be looked at by. How many. What a person muted is left alone."""
    found = mutings_open().filter(muted_by=None, deployment__live_revision__isnull=False)
    return sum(map(_release_orphaned, found.select_related("deployment__live_revision__version__model")))


def _release_orphaned(muted: MutedInput) -> bool:
    assert muted.deployment.live_revision is not None
    version, reason = muted.deployment.live_revision.version, ""
    if not policy_of(muted.deployment).answer_without_drifted:
        reason = _NOT_ASKED_FOR
    elif (profile := profile_newest(version)) is None or profile.problem:
        reason = f"{version} has no usable reference profile: no drift run could tell when it is steady again."
    return bool(reason and input_healed(deployment=muted.deployment, name=muted.input, drift_run=None, reason=reason))


def _newest(deployment: Deployment) -> int | None:
    """The last run that judged what came just before it was asked for."""
    done = DriftRun.objects.filter(deployment=deployment, state=DriftRun.State.DONE)
    present = done.filter(before__gte=F("requested_at") - _PRESENT)
    return present.order_by("-pk").values_list("pk", flat=True).first()


def _heal(deployment: Deployment, names: Iterable[str], run_id: int, reason: str) -> None:
    modalities = live_inputs(deployment)
    states = dict(DriftGroup.objects.filter(run=run_id).values_list("name", "state"))
    for name in names:
        healthy = states.get(modalities.get(name, "")) in (State.STEADY, State.CONSTANT)
        told = reason or (f"{modalities[name]} is steady again." if healthy else "No modality is steady any more.")
        input_healed(deployment=deployment, name=name, drift_run=run_id, reason=told)


def _mute(deployment: Deployment, name: str, modality: str, run_id: int) -> None:
    why = DriftGroup.objects.filter(run=run_id, name=modality).values_list("reason", flat=True).first()
    reason = f"{modality} drifted" + (f": {why}" if why else "")
    try:
        input_mute(actor=None, deployment=deployment, name=name, reason=reason, drift_run=run_id)
    except (InputNeeded, InputUnknown) as refusal:
        log.warning("a drifted input is not muted", deployment=deployment.name, input=name, reason=refusal.message)


def _undone_by_a_person(deployment: Deployment, name: str, modality: str) -> bool:
    """Whether a person gave the model the input again and no run found its modality healthy since: that person knew
    better, and of this very drift."""
    last = mutings(deployment).filter(input=name).first()
    if last is None or last.released_by_id is None or last.drift_run is None:
        return False
    healthy = DriftGroup.objects.filter(
        run__deployment=deployment, name=modality, state__in=(State.STEADY, State.CONSTANT)
    )
    return not healthy.filter(run__finished_at__gt=last.released_at).exists()
