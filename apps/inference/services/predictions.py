"""Recording predictions and the inputs that are kept of them: in bulk, each once, whatever is delivered twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import F

from apps.core.clock import database_now
from apps.datasets.services import Content, assets_keep
from apps.inference.models import KeptInput, RecordTally
from apps.inference.rules.records import Recorded, datable
from apps.inference.services.erasure import erased_before, erasures_held_off
from apps.inference.services.partitions import partitions_ensure

log = structlog.get_logger(__name__)

_COLUMNS = ", ".join(Recorded._fields)
_INSERT = (
    f"insert into inference_prediction ({_COLUMNS}) select {_COLUMNS} from prediction_batch on conflict do nothing"  # noqa: S608  our names
)
_TYPES = (
    *("timestamptz", "uuid", "varchar", "int4", "int4", "varchar", "float8", "float8", "int2"),
    *("varchar[]", "varchar[]", "text[]", "float4[]", "varchar", "varchar[]", "bool"),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """One input of one sample to keep."""

    prediction: UUID
    at: datetime
    deployment: str
    subject: str
    input: str
    sample: int
    content: Content


def predictions_add(*, records: Sequence[Recorded]) -> int:
    """Record them and return how many were new: an id counts once, ever. All are committed, or none.

    What no row can hold is refused, counted and told to the operator; it keeps nothing else from being recorded.
    """
    fit = datable(records, database_now())
    refused = len(records) - len(fit)
    if refused:
        log.error("predictions refused: Valkey's clock and PostgreSQL's are apart", count=refused)
    with transaction.atomic():
        erasures_held_off()
        new, spoilt = _add(sorted(_not_erased(fit), key=lambda record: record[:2]))
        if new or refused or spoilt:
            tally_add(recorded=new, refused=refused + spoilt)
    return new


def kept_add(*, kept: Sequence[Kept]) -> int:
    """Keep inputs and return how many were new. All are committed, or none.

    Those of a prediction whose record is refused for its time are not kept: nothing would lead to them, ever.
    """
    if not (kept := datable(kept, database_now())):
        return 0
    with transaction.atomic():
        erasures_held_off()
        erased = erased_before({each.subject for each in kept})
        wanted = [each for each in kept if each.subject not in erased or each.at > erased[each.subject]]
        digests = assets_keep(contents=[each.content for each in wanted])
        before = KeptInput.objects.filter(prediction__in={each.prediction for each in wanted}).count()
        rows = [
            KeptInput(
                prediction=each.prediction,
                at=each.at,
                deployment=each.deployment,
                input=each.input,
                sample=each.sample,
                asset_id=sha256,
            )
            for each, sha256 in zip(wanted, digests, strict=True)
        ]
        KeptInput.objects.bulk_create(rows, ignore_conflicts=True)
        return KeptInput.objects.filter(prediction__in={each.prediction for each in wanted}).count() - before


def tally_add(**counts: int) -> None:
    """Add to the counts of RecordTally."""
    if not RecordTally.objects.filter(pk=1).update(**{name: F(name) + count for name, count in counts.items()}):
        RecordTally.objects.bulk_create([RecordTally(pk=1)], ignore_conflicts=True)
        tally_add(**counts)


def drops_note(*, predictions: int, kept: int) -> None:
    """Carry over what the writers' counters in Valkey say; a counter that is lower than it was began anew."""
    RecordTally.objects.bulk_create([RecordTally(pk=1)], ignore_conflicts=True)
    with transaction.atomic():
        tally = RecordTally.objects.select_for_update().get(pk=1)
        tally.dropped += _since(predictions, tally.dropped_seen)
        tally.kept_dropped += _since(kept, tally.kept_dropped_seen)
        tally.dropped_seen, tally.kept_dropped_seen = predictions, kept
        tally.save(update_fields=["dropped", "dropped_seen", "kept_dropped", "kept_dropped_seen"])


def _since(count: int, seen: int) -> int:
    return count - seen if count >= seen else count


def _not_erased(records: list[Recorded]) -> list[Recorded]:
    erased = erased_before({record.subject for record in records})
    return [each for each in records if each.subject not in erased or each.at > erased[each.subject]]


def _add(records: list[Recorded]) -> tuple[int, int]:
    """How many were new, and how many could not be written. What spoils a batch is found by halving it."""
    if not records:
        return 0, 0
    try:
        with transaction.atomic():
            partitions_ensure(days={record.at.date() for record in records})
            return _insert(records), 0
    except (DataError, IntegrityError) as error:
        if len(records) == 1:
            log.error("prediction refused by the database", id=str(records[0].id), reason=str(error))
            return 0, 1
    middle = len(records) // 2
    halves = [_add(records[:middle]), _add(records[middle:])]
    return halves[0][0] + halves[1][0], halves[0][1] + halves[1][1]


def _insert(records: list[Recorded]) -> int:
    """COPY knows no ON CONFLICT, so it goes by way of a table of this session's own."""
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.execute(
            "create temporary table if not exists prediction_batch (like inference_prediction) on commit delete rows"
        )
        cursor.execute("delete from prediction_batch")  # what an earlier part of this transaction left
        with cursor.copy(f"copy prediction_batch ({_COLUMNS}) from stdin (format binary)") as copy:
            copy.set_types(_TYPES)
            for record in records:
                copy.write_row(record)
        cursor.execute(_INSERT)
        return int(cursor.rowcount)
