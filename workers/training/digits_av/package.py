"""Write a trained model as an artifact: the directory that is registered and served.

The same model gives the same bytes: no times, no paths, no names of machines in it.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from workers.artifact_directory import write_manifest, written_whole
from workers.training.digits_av.artifact import digits_av
from workers.training.digits_av.evaluate import Accuracy
from workers.training.digits_av.held_out import HeldOutSample
from workers.training.digits_av.manifest import manifest


def package(directory: Path, model: digits_av.DigitsAV, accuracy: Accuracy, samples: Iterable[HeldOutSample]) -> None:
    """Write the artifact to `directory`. Raises DirectoryUnusable or OSError."""
    with written_whole(directory) as unfinished:
        _write(unfinished, model, accuracy, samples)


def _write(directory: Path, model: digits_av.DigitsAV, accuracy: Accuracy, samples: Iterable[HeldOutSample]) -> None:
    digits_av.save_model(model, directory)
    shutil.copyfile(digits_av.__file__, directory / "digits_av.py")
    write_manifest(directory, manifest(accuracy, _write_samples(directory, samples)))


def _write_samples(directory: Path, samples: Iterable[HeldOutSample]) -> list[dict[str, str]]:
    """Write the files and name them as requests: each with both modalities, then one with each alone."""
    (directory / "samples").mkdir()
    files = []
    for digit, png, wav in samples:
        image, sound = f"samples/{digit}.png", f"samples/{digit}.wav"
        (directory / image).write_bytes(png)
        (directory / sound).write_bytes(wav)
        files.append({"image": image, "sound": sound})
    alone = [{"image": files[0]["image"]}, {"sound": files[0]["sound"]}] if files else []
    return files + alone
