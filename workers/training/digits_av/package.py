"""Write a trained model as an artifact: the directory that is registered and served.

The same model gives the same bytes: no times, no paths, no names of machines in it.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from workers.artifact_directory import write_manifest, written_whole
from workers.training.digits_av.artifact import digits_av
from workers.training.digits_av.evaluate import Accuracy
from workers.training.digits_av.flavours import PAIRS, Flavour, Request
from workers.training.digits_av.reference import FILE


def package(
    directory: Path,
    model: digits_av.DigitsAV,
    accuracy: Accuracy,
    samples: Iterable[Any],
    flavour: Flavour = PAIRS,
    reference: bytes | None = None,
) -> None:
    """Write the artifact to `directory`. Raises DirectoryUnusable or OSError.

    `samples` are held out and of the flavour's kind: HeldOutSample for PAIRS, TalkingDigit for CLIPS. `reference` is
    the profile that drift is noticed by, where there is one.
    """
    with written_whole(directory) as unfinished:
        digits_av.save_model(model, unfinished)
        if reference is not None:
            (unfinished / FILE).write_bytes(reference)
        _write(unfinished, accuracy, flavour, flavour.requests(samples))


def _write(directory: Path, accuracy: Accuracy, flavour: Flavour, requests: list[Request]) -> None:
    for module in flavour.code:
        source = Path(str(module.__file__))
        shutil.copyfile(source, directory / source.name)
    write_manifest(directory, flavour.manifest(accuracy, _write_samples(directory, requests)))


def _write_samples(directory: Path, requests: list[Request]) -> list[dict[str, str]]:
    """Write the files and name them as the requests."""
    (directory / "samples").mkdir()
    for name, content in (file for request in requests for file in request.values()):
        (directory / "samples" / name).write_bytes(content)
    return [{key: f"samples/{name}" for key, (name, _) in request.items()} for request in requests]
