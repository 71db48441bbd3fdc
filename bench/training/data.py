"""Samples as they lie in a job's directory, from which the bare loop reads them too."""

import hashlib
import json
from pathlib import Path

from workers.training.digits_av.held_out import held_out

_SAMPLES = 512


def write(directory: Path, cache: Path) -> None:
    """Digits seen and heard: each file under its SHA-256, and the list of those to learn from."""
    rows = []
    for sample in held_out(_SAMPLES, 1, cache):
        inputs = {"image": _file(directory, sample.png), "sound": _file(directory, sample.wav)}
        rows.append({"inputs": inputs, "label": str(sample.digit)})
    (directory / "train.json").write_text(json.dumps(rows))


def _file(directory: Path, raw: bytes) -> str:
    sha256 = hashlib.sha256(raw).hexdigest()
    path = place(directory, sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return sha256


def place(directory: Path, sha256: str) -> Path:
    """Where a job looks for a file."""
    return directory / "files" / sha256[:2] / sha256
