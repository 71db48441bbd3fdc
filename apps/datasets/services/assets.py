"""Keeping assets, and forgetting those that nothing refers to any more."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, ManyToOneRel, OuterRef, QuerySet

from apps.core.clock import now
from apps.datasets import store
from apps.datasets.models import Asset

#: An asset is forgotten no earlier after it was last kept, in case what refers to it is still to be written.
_GRACE = timedelta(hours=1)
#: Assets forgotten in one transaction.
_AT_ONCE = 500
#: Whoever deletes the last row that refers to an asset forgets it then. What a process left that was killed in between
#: is looked for among all assets: one part of them, by the first two digits of their digests, each ten minutes.
PARTS = 256
TURN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes to keep, with what was found out about them."""

    raw: bytes
    media_type: str
    descriptors: dict[str, Any] = field(default_factory=dict)


def assets_keep(*, contents: Sequence[Content]) -> list[str]:
    """Keep each and return their digests, in order. Part of the caller's transaction, which should also write what
    refers to them: from the row's lock to the commit nobody can forget them, so the bytes are written in between."""
    if not connection.in_atomic_block:
        raise RuntimeError("Assets are kept in the transaction that refers to them.")
    digests = [store.digest(each.raw) for each in contents]
    # In one order everywhere, so that two writers never wait for each other in a ring.
    for sha256, content in sorted(dict(zip(digests, contents, strict=True)).items()):
        row = Asset(
            sha256=sha256, size=len(content.raw), media_type=content.media_type, descriptors=content.descriptors
        )
        Asset.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["sha256"], update_fields=["last_kept_at"]
        )
        if content.descriptors:  # what was kept without them, as declared files are, is told of from now on
            Asset.objects.filter(pk=sha256, descriptors={}).update(
                descriptors=content.descriptors, media_type=content.media_type
            )
        store.write(sha256, content.raw)
    return digests


def assets_expire(*, turn: datetime | None = None) -> int:
    """Forget assets that nothing refers to, of the part whose turn it is; returns how many."""
    part = int((turn or now()).timestamp() // TURN.total_seconds()) % PARTS
    # As a range, which the primary key answers whatever the database's collation.
    digests = Asset.objects.filter(pk__gte=f"{part:02x}", pk__lt=f"{part + 1:02x}" if part + 1 < PARTS else "g")
    return assets_forget(among=digests.filter(last_kept_at__lt=now() - _GRACE))


def assets_forget(*, among: QuerySet[Asset]) -> int:
    """Forget those among these that nothing refers to, their bytes too; returns how many."""
    forgotten, last = 0, ""
    while found := list(among.filter(*_unused(), pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]):
        forgotten += _forget(among.filter(pk__in=found))
        last = found[-1]
    return forgotten


def _forget(rows: QuerySet[Asset]) -> int:
    """The bytes go under the rows' locks: who keeps the same at this moment waits, and writes it anew."""
    with transaction.atomic():
        locked = list(rows.order_by("pk").select_for_update(skip_locked=True).values_list("pk", flat=True))
        # Asked again: before the lock, somebody may have come to refer to it.
        free = list(Asset.objects.filter(*_unused(), pk__in=locked).values_list("pk", flat=True))
        for sha256 in free:
            store.remove(sha256)
        Asset.objects.filter(pk__in=free).delete()
    return len(free)


def _unused() -> list[Any]:
    """No row of any app refers to it: conditions for each foreign key that leads here, whoever has it."""
    relations = [field for field in Asset._meta.get_fields(include_hidden=True) if isinstance(field, ManyToOneRel)]
    return [
        ~Exists(relation.related_model._default_manager.filter(**{relation.field.name: OuterRef("pk")}))
        for relation in relations
    ]
