"""The files of a job's samples, out of the asset store into the job's directory: a child process knows no store."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from uuid import UUID

from django.conf import settings

from apps.datasets import store
from apps.datasets.errors import SamplesErased
from apps.datasets.models import DatasetVersion
from apps.datasets.rules import Described
from apps.datasets.selectors import version_erased, version_samples
from apps.training.models import TrainingJob
from apps.training.rules.machine import ENDED
from workers.training.samples import file_path

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def stage(directory: Path, sets: Mapping[str, int]) -> Iterator[int]:
    """Write the list of each dataset version in `sets`, by name, once every file of it lies here; tells the bytes of
    each file as soon as it does, once also where several samples or sets have it.

    Raises AssetMissing, AssetCorrupt, SamplesErased or OSError.
    """
    here: set[str] = set()
    for name, version_id in sets.items():
        samples = _samples(version_id)
        wanted = {each for sample in samples for each in sample.inputs.values()}
        for sha256 in sorted(wanted - here):
            yield _bring(file_path(directory / "files", sha256), sha256)
        here |= wanted
        rows = [{"inputs": sample.inputs, "label": sample.label, "slices": sample.slices} for sample in samples]
        _write(directory / f"{name}.json", json.dumps(rows).encode())


def _samples(version_id: int) -> Sequence[Described]:
    version = DatasetVersion.objects.select_related("dataset").get(pk=version_id)
    if lost := version_erased(version):
        raise SamplesErased(f"{lost:,} samples of {version} were deleted with their subject since it was asked for.")
    return version_samples(version)


def _bring(path: Path, sha256: str) -> int:
    if not path.is_file():
        _write(path, store.read(sha256))
    return path.stat().st_size


def _write(path: Path, raw: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(raw)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def sweep() -> None:
    """Delete what ended jobs left on this node."""
    root = Path(settings.QUARTET_HOME) / "training"
    for directory in root.iterdir() if root.is_dir() else ():
        if not _UUID.fullmatch(directory.name):  # somebody else's
            continue
        job = TrainingJob.objects.filter(pk=UUID(directory.name)).values_list("state", flat=True).first()
        if job is None or job in ENDED:
            shutil.rmtree(directory, ignore_errors=True)
