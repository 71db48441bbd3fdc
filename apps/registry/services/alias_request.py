"""Asking for the move of a protected alias; services/alias_answer.py does what the reviewers' answer says."""

from typing import Any

from django.db.models import Q

from apps.core import audit, outbox
from apps.core.clock import now
from apps.core.models import User
from apps.registry.events import AliasRequested, AliasRequestVoid
from apps.registry.models import AliasRequest, ModelVersion, RegisteredModel
from apps.registry.selectors import alias_move_digest

State = AliasRequest.State


def alias_ask(
    *,
    actor: User,
    model: RegisteredModel,
    alias: str,
    current: ModelVersion | None,
    version: ModelVersion | None,
    reason: str,
) -> AliasRequest:
    """Ask the reviewers for a move, for who holds the model's lock; the same move asked twice is one request."""
    open_requests = AliasRequest.objects.filter(model=model, alias=alias, state=State.REQUESTED)
    if again := open_requests.filter(from_version=current, to_version=version).first():
        return again
    request = AliasRequest.objects.create(
        model=model,
        alias=alias,
        from_version=current,
        to_version=version,
        reason=reason,
        digest=alias_move_digest(model, alias, current, version),
        requested_by=actor,
    )
    audit.record(
        actor=actor,
        action="alias.requested",
        target=f"model:{model.name}",
        alias=alias,
        to=_named(version),
        digest=request.digest,
        reason=reason,
    )
    outbox.emit(_question(request), event_id=request.approval)
    return request


def alias_requests_void(*, model: RegisteredModel, alias: str, current: ModelVersion | None) -> None:
    """The alias points at `current` now: end every open request that began from elsewhere."""
    elsewhere = Q(from_version__isnull=False) if current is None else ~Q(from_version=current) | Q(from_version=None)
    reason = f"@{alias} moved to {_named(current)} meanwhile."
    for request in AliasRequest.objects.filter(elsewhere, model=model, alias=alias, state=State.REQUESTED):
        if alias_request_end(request, State.VOID, reason):
            outbox.emit(AliasRequestVoid(alias_request_id=request.pk, reason=reason))


def alias_request_end(request: AliasRequest, state: State, reason: str, **fields: Any) -> bool:
    """Close a request that is open still; returns whether it was."""
    still_open = AliasRequest.objects.filter(pk=request.pk, state=State.REQUESTED)
    return bool(still_open.update(state=state, state_reason=reason, ended_at=now(), **fields))


def _named(version: ModelVersion | None) -> str:
    return f"version {version.number}" if version else "nothing"


def _question(request: AliasRequest) -> AliasRequested:
    model, old, new = request.model, request.from_version, request.to_version
    what = f"Point {request} at {_named(new)}" if new else f"Take away {request}"
    return AliasRequested(
        alias_request_id=request.pk,
        model=model.name,
        digest=request.digest,
        requested_by=request.requested_by_id,
        summary=f"{what} ({_named(old)} now)",
        evidence={
            "Model": model.name,
            "Alias": f"@{request.alias}",
            "Now": f"version {old.number}, digest {old.digest}" if old else "nothing",
            "Then": f"version {new.number}, digest {new.digest}" if new else "nothing",
            "Metrics": _metrics(old, new) or "none given",
            "Reason": request.reason or "none",
        },
    )


def _metrics(old: ModelVersion | None, new: ModelVersion | None) -> dict[str, dict[str, float]]:
    """Metric -> what either version's manifest declares, and the difference where both do."""
    now_, then = ((version.manifest.get("metrics", {}) if version else {}) for version in (old, new))
    rows: dict[str, dict[str, float]] = {}
    for name in sorted({*now_, *then}):
        rows[name] = {word: values[name] for word, values in (("now", now_), ("then", then)) if name in values}
        if len(rows[name]) == 2:
            rows[name]["change"] = round(then[name] - now_[name], 6)
    return rows
