"""Labelled predictions whose inputs were kept: what can be learned from what was met."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from apps.datasets.rules import Described
from apps.inference.models import Feedback, KeptInput
from apps.inference.rules.subjects import subject_digest
from apps.inference.selectors.predictions import predictions_by_id

#: Labels looked at together.
_AT_ONCE = 2000


def labelled_samples(
    *, deployment: str, after: datetime, before: datetime, slices: Sequence[str] = (), most: int = 50_000
) -> list[Described]:
    """The newest samples, at most so many, of a deployment's predictions from `after` on and earlier than `before`.

    A sample counts when its truth is known and every input that its request brought was kept. Each gets the `slices`
    and `met:<deployment>`.
    """
    found = _found(deployment, after, before, (f"met:{deployment}", *slices))
    return list(islice(found, most))[::-1]


def labelled_new(
    *, deployment: str, after: datetime, before: datetime, given_after: datetime | None, most: int = 50_000
) -> int:
    """How many such samples there are, at most so many, whose truth was told or corrected since `given_after`."""
    return sum(1 for _ in islice(_found(deployment, after, before, (), given_after), most))


def labelled_count(*, deployment: str, after: datetime, bound_after: datetime | None = None) -> int:
    """How many truths of its predictions were told since then, with inputs kept or without.

    With `bound_after`, only those of which truth and prediction have both been here no longer than since that moment.
    """
    found = Feedback.objects.filter(deployment=deployment, bound_at__isnull=False, given_at__gte=after)
    return (found if bound_after is None else found.filter(bound_at__gte=bound_after)).count()


def _found(
    deployment: str, after: datetime, before: datetime, slices: tuple[str, ...], given_after: datetime | None = None
) -> Iterator[Described]:
    truths = Feedback.objects.filter(deployment=deployment, at__gte=after, at__lt=before, bound_at__isnull=False)
    if given_after is not None:
        truths = truths.filter(given_at__gte=given_after)
    rows = truths.order_by("-at", "-prediction", "sample").iterator(chunk_size=_AT_ONCE)
    while batch := list(islice(rows, _AT_ONCE)):
        yield from _whole(batch, slices)


def _whole(batch: list[Feedback], slices: tuple[str, ...]) -> Iterator[Described]:
    """Those of the batch of which everything is here."""
    ids = {row.prediction for row in batch}
    known = predictions_by_id(ids)
    kept: defaultdict[tuple[UUID, int], dict[str, str]] = defaultdict(dict)
    for identifier, sample, name, sha256 in KeptInput.objects.filter(prediction__in=ids).values_list(
        "prediction", "sample", "input", "asset_id"
    ):
        kept[identifier, sample][name] = sha256
    for row in batch:
        prediction = known.get(row.prediction)
        inputs = kept[row.prediction, row.sample]
        if prediction is not None and inputs and inputs.keys() >= set(prediction.inputs):
            origin = (row.prediction, subject_digest(prediction.subject))
            yield Described(inputs, row.truth, slices, (origin,))
