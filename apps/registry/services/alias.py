"""Moving aliases; every move is kept. A protected one only asks here, and moves once somebody else has approved it."""

from django.db import transaction

from apps.core import audit, outbox
from apps.core.clock import now
from apps.core.errors import CallerError, Conflict
from apps.core.models import User
from apps.registry import access
from apps.registry.events import AliasMoved
from apps.registry.models import Alias, AliasMove, AliasRequest, ModelVersion, RegisteredModel
from apps.registry.rules import names
from apps.registry.selectors import alias_get
from apps.registry.services.alias_request import alias_ask, alias_requests_void

#: `expected` for a caller who does not care what the alias points at now.
ANY = "any"


def alias_move(
    *,
    actor: User,
    model: RegisteredModel,
    alias: str,
    version: ModelVersion,
    reason: str = "",
    expected: int | str | None = ANY,
) -> Alias | AliasRequest:
    """Point `alias` at `version`, making it when it is not there; pointing it where it points already changes nothing.

    A protected alias stays where it is: the answer is the request that now waits for approval. With `expected`, a
    version number or None for "not there yet", raises Conflict unless that is so at this moment.
    """
    access.publisher(actor)
    names.alias_name(alias)
    if version.model_id != model.pk:
        raise CallerError(f"The version {version} does not belong to the model '{model.name}'.")
    with transaction.atomic():
        locked = model_locked(model.pk)
        row = Alias.objects.filter(model=model, name=alias).select_related("version").first()
        current = row.version if row else None
        _refuse_unexpected(alias, current, expected)
        if row and current == version:
            return row
        if alias in locked.protected_aliases:
            return alias_ask(actor=actor, model=locked, alias=alias, current=current, version=version, reason=reason)
        alias_point(actor=actor, model=locked, alias=alias, version=version, reason=reason)
        return alias_get(model, alias)


def alias_delete(*, actor: User, model: RegisteredModel, alias: str, reason: str = "") -> AliasRequest | None:
    """Take `alias` away; its history stays. A protected one stays, and the answer is the request. Raises NotFound."""
    access.publisher(actor)
    with transaction.atomic():
        locked = model_locked(model.pk)
        row = alias_get(model, alias)
        if alias in locked.protected_aliases:
            return alias_ask(actor=actor, model=locked, alias=alias, current=row.version, version=None, reason=reason)
        alias_point(actor=actor, model=locked, alias=alias, version=None, reason=reason)
    return None


def model_locked(model_id: int) -> RegisteredModel:
    """The model's row, which orders the moves of its aliases, also of one that does not exist yet."""
    return RegisteredModel.objects.select_for_update(no_key=True).get(pk=model_id)


def alias_point(*, actor: User, model: RegisteredModel, alias: str, version: ModelVersion | None, reason: str) -> None:
    """Write the move, for who holds the model's lock and may do it; what was asked of the alias before is void."""
    row = Alias.objects.filter(model=model, name=alias).select_related("version").first()
    _write_move(actor, model, alias, row.version if row else None, version, reason)
    if version is None:
        Alias.objects.filter(model=model, name=alias).delete()
    else:
        Alias.objects.update_or_create(model=model, name=alias, defaults={"version": version, "moved_at": now()})
    alias_requests_void(model=model, alias=alias, current=version)


def _refuse_unexpected(alias: str, current: ModelVersion | None, expected: int | str | None) -> None:
    number = current.number if current else None
    if expected not in (ANY, number):
        raise Conflict(f"The alias '{alias}' points at {_named(number)}, not at {_named(expected)}.", version=number)


def _named(number: int | str | None) -> str:
    return "nothing" if number is None else f"version {number}"


def _write_move(
    actor: User, model: RegisteredModel, alias: str, old: ModelVersion | None, new: ModelVersion | None, reason: str
) -> None:
    AliasMove.objects.create(model=model, alias=alias, from_version=old, to_version=new, reason=reason, moved_by=actor)
    previous, version = (old.number if old else None), (new.number if new else None)
    action = "alias.move" if new else "alias.delete"
    audit.record(
        actor=actor,
        action=action,
        target=f"model:{model.name}",
        alias=alias,
        version=version,
        previous=previous,
        reason=reason,
    )
    outbox.emit(AliasMoved(model=model.name, alias=alias, version=version, previous=previous))
