"""Moving aliases; every move is kept."""

from django.db import transaction

from apps.core import audit, outbox
from apps.core.clock import now
from apps.core.errors import CallerError, Conflict
from apps.core.models import User
from apps.registry import access
from apps.registry.events import AliasMoved
from apps.registry.models import Alias, AliasMove, ModelVersion, RegisteredModel
from apps.registry.rules import names
from apps.registry.selectors import alias_get

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
) -> Alias:
    """Point `alias` at `version`, making it when it is not there; pointing it where it points already changes nothing.

    With `expected`, a version number or None for "not there yet", raises Conflict unless that is so at this moment.
    """
    access.publisher(actor)
    names.alias_name(alias)
    if version.model_id != model.pk:
        raise CallerError(f"The version {version} does not belong to the model '{model.name}'.")
    with transaction.atomic():
        # The model's row orders the moves of its aliases, also of one that does not exist yet.
        RegisteredModel.objects.select_for_update(no_key=True).get(pk=model.pk)
        row = Alias.objects.filter(model=model, name=alias).select_related("version").first()
        current = row.version if row else None
        _refuse_unexpected(alias, current, expected)
        if row and current == version:
            return row
        _write_move(actor, model, alias, current, version, reason)
        return _point(row, model, alias, version)


def alias_delete(*, actor: User, model: RegisteredModel, alias: str, reason: str = "") -> None:
    """Take `alias` away; its history stays. Raises NotFound."""
    access.publisher(actor)
    with transaction.atomic():
        RegisteredModel.objects.select_for_update(no_key=True).get(pk=model.pk)
        row = alias_get(model, alias)
        _write_move(actor, model, alias, row.version, None, reason)
        row.delete()


def _refuse_unexpected(alias: str, current: ModelVersion | None, expected: int | str | None) -> None:
    number = current.number if current else None
    if expected not in (ANY, number):
        raise Conflict(f"The alias '{alias}' points at {_named(number)}, not at {_named(expected)}.", version=number)


def _named(number: int | str | None) -> str:
    return "nothing" if number is None else f"version {number}"


def _point(row: Alias | None, model: RegisteredModel, alias: str, version: ModelVersion) -> Alias:
    if row is None:
        return Alias.objects.create(model=model, name=alias, version=version)
    row.version, row.moved_at = version, now()
    row.save(update_fields=["version", "moved_at"])
    return row


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
