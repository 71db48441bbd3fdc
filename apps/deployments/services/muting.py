"""Muting inputs: a deployment answers without one of its senses for a while.

Whoever mutes or releases holds the deployment's row, so that two at once neither mute the last input nor repeat
themselves. Gateways follow with the next routing snapshot, which the events bring about.
"""

from typing import Any

from django.db import transaction

from apps.core import audit, outbox
from apps.core.clock import now
from apps.core.models import User
from apps.core.permissions import require
from apps.deployments.access import OPERATE
from apps.deployments.errors import InputNotMuted, NothingLive
from apps.deployments.events import InputMuted, InputUnmuted
from apps.deployments.models import Deployment, MutedInput, Revision
from apps.deployments.rules import muting


def input_mute(
    *, actor: User | None, deployment: Deployment, name: str, reason: str = "", drift_run: int | None = None
) -> MutedInput:
    """Have the model answer without the input: by a person, or by a drift run, which has no actor.

    One that is muted already stays as it is, but a person takes over what a run muted: no run then undoes it.
    Raises NothingLive, InputUnknown, or InputNeeded where the model cannot answer without it.
    """
    if actor is not None:
        require(actor, OPERATE, "mute inputs")
    with transaction.atomic():
        locked = _locked(deployment)
        held = _held(locked)
        before = held.get(name)
        if before is not None and (actor is None or before.muted_by_id is not None):
            return before
        _check(locked, held.keys() - {name}, name)
        if before is not None:
            _close(before, actor, f"{before.by} muted it, and {actor} takes it over.")
        muted = MutedInput.objects.create(
            deployment=locked, input=name, reason=reason, muted_by=actor, drift_run=drift_run
        )
        detail = _detail(muted, drift_run, reason)
        audit.record(actor=actor, action="input.muted", target=f"deployment:{locked.name}", **detail)
        outbox.emit(InputMuted(deployment=locked.name, input=name, reason=reason, drift_run=drift_run))
    return muted


def input_unmute(*, actor: User, deployment: Deployment, name: str, reason: str = "") -> MutedInput:
    """Give the model the input again, whoever muted it. Raises InputNotMuted."""
    require(actor, OPERATE, "unmute inputs")
    with transaction.atomic():
        locked = _locked(deployment)
        muted = _held(locked).get(name)
        if muted is None:
            raise InputNotMuted(f"The input '{name}' of '{locked.name}' is not muted.")
        _release(muted, actor=actor, reason=reason)
    return muted


def input_healed(*, deployment: Deployment, name: str, drift_run: int | None, reason: str) -> MutedInput | None:
    """A drift run found the input steady, or none can any more: give it again, unless a person muted it."""
    with transaction.atomic():
        muted = _held(_locked(deployment)).get(name)
        if muted is None or muted.muted_by_id is not None:
            return None
        _release(muted, actor=None, reason=reason, drift_run=drift_run)
    return muted


def mutings_fit(*, deployment: Deployment, revision: Revision) -> None:
    """End the mutings that a revision which went live cannot have: it lacks the input, or cannot do without it.

    The others go on. Inside the transaction that moves the traffic, with the deployment's row held.
    """
    held = _held(deployment)
    fit = muting.allowed(revision.version.manifest, revision.spec, list(held))
    for name in held.keys() - {*fit}:
        _release(held[name], actor=None, reason=f"Revision {revision.number} has no such input or needs it.")


def _locked(deployment: Deployment) -> Deployment:
    return Deployment.objects.select_for_update(no_key=True).get(pk=deployment.pk)


def _held(deployment: Deployment) -> dict[str, MutedInput]:
    """Input -> what mutes it now, oldest first."""
    held = MutedInput.objects.filter(deployment=deployment, released_at=None).select_related("muted_by", "deployment")
    return {each.input: each for each in held.order_by("pk")}


def _check(deployment: Deployment, muted: set[str], name: str) -> None:
    live = deployment.live_revision
    if live is None:
        raise NothingLive(f"Deployment '{deployment.name}' has no live revision, so its inputs are not known.")
    muting.check(live.version.manifest, live.spec, muted, name)


def _close(muted: MutedInput, actor: User | None, reason: str) -> None:
    muted.released_at, muted.released_by, muted.release_reason = now(), actor, reason
    muted.save(update_fields=["released_at", "released_by", "release_reason"])


def _release(muted: MutedInput, *, actor: User | None, reason: str, drift_run: int | None = None) -> None:
    _close(muted, actor, reason)
    name = muted.deployment.name
    detail = _detail(muted, drift_run, reason)
    audit.record(actor=actor, action="input.unmuted", target=f"deployment:{name}", **detail)
    outbox.emit(InputUnmuted(deployment=name, input=muted.input, reason=reason, drift_run=drift_run))


def _detail(muted: MutedInput, drift_run: int | None, reason: str) -> dict[str, Any]:
    """What the audit entry says; `why` ends its sentence."""
    why = f": {reason}" if reason else ""
    return {"input": muted.input, "why": why} | ({"drift_run": drift_run} if drift_run else {})
