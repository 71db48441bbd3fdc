"""Reading dataset versions."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db.models import QuerySet

from apps.datasets.models import DatasetVersion, Sample, SampleFile
from apps.datasets.rules import Described, Key

#: Files that are looked for at once.
_AT_ONCE = 5000


def versions_list(dataset: str = "") -> QuerySet[DatasetVersion]:
    """Dataset versions, newest first; of one dataset, if it is named."""
    versions = DatasetVersion.objects.select_related("dataset", "created_by").order_by("-pk")
    return versions.filter(dataset__name=dataset) if dataset else versions


def version_samples(version: DatasetVersion) -> list[Described]:
    """Its samples in order, without those that were deleted with their subject."""
    files: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for sample, name, sha256 in _files(version):
        files[sample][name] = sha256
    rows = Sample.objects.filter(version=version, erased=False).order_by("position")
    return [
        Described(files[row.pk], row.label, tuple(row.slices), _origins(row), row.declared)
        for row in rows.iterator(chunk_size=5000)
    ]


def samples_frozen(dataset: str, samples: Sequence[Described]) -> set[Key]:
    """The keys of those that stand in any version of the dataset, whatever their label was."""
    wanted = {sample.key for sample in samples}
    files = sorted({sha256 for key in wanted for _, sha256 in key})
    found: set[Key] = set()
    for begin in range(0, len(files), _AT_ONCE):
        some = files[begin : begin + _AT_ONCE]
        among = SampleFile.objects.filter(asset__in=some, sample__version__dataset__name=dataset)
        rows: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
        whole = SampleFile.objects.filter(sample__in=among.values("sample"))
        for sample, name, sha256 in whole.values_list("sample_id", "input", "asset_id").iterator(chunk_size=10_000):
            rows[sample].append((name, sha256))
        found |= {tuple(sorted(row)) for row in rows.values()} & wanted
    return found


def version_erased(version: DatasetVersion) -> int:
    """How many of its samples were deleted with their subject."""
    return Sample.objects.filter(version=version, erased=True).count()


def _origins(row: Sample) -> tuple[tuple[UUID, str], ...]:
    return tuple(zip(row.predictions, row.subjects, strict=True))


def _files(version: DatasetVersion) -> Iterator[tuple[int, str, str]]:
    found = SampleFile.objects.filter(sample__version=version)
    yield from found.values_list("sample_id", "input", "asset_id").iterator(chunk_size=10_000)
