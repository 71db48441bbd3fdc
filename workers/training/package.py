"""The result of a job as an artifact: the parent's files, with the weights that were learned and what was measured."""

import shutil
from pathlib import Path
from typing import Any

import yaml
from torch import nn

from workers.artifact_directory import write_manifest, written_whole
from workers.training.families import Family
from workers.training.profile import FILE


def package(
    directory: Path,
    parent: Path,
    family: Family,
    model: nn.Module,
    metrics: dict[str, Any],
    reference: bytes | None = None,
) -> None:
    """Write the artifact whole or not at all: the same model and figures give the same bytes. Raises OSError.

    The parent's own figures and reference profile are not its child's, so they are replaced, or left out.
    """
    with written_whole(directory) as unfinished:
        for path in sorted(parent.rglob("*")):
            inside = path.relative_to(parent)
            if path.is_file() and inside.as_posix() not in (*family.written, FILE):
                (unfinished / inside).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, unfinished / inside)
        family.save(model, unfinished)
        if reference is not None:
            (unfinished / FILE).write_bytes(reference)
        if (unfinished / "model.yaml").is_file():
            described = yaml.safe_load((unfinished / "model.yaml").read_text(encoding="utf-8"))
            described.pop("metrics", None)
            write_manifest(unfinished, described | ({"metrics": metrics} if metrics else {}))
