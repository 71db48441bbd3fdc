"""The samples of a job as they lie in its directory: their files by SHA-256, and a list of them."""

import json
from dataclasses import dataclass
from pathlib import Path


class SamplesUnfit(ValueError):
    """The model cannot learn from a sample; the message says from which and why."""


@dataclass(frozen=True)
class TrainingSample:
    """Files (input -> SHA-256) with what is true of them."""

    inputs: dict[str, str]
    label: str
    slices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Samples:
    """Those of one dataset version, in its order."""

    rows: list[TrainingSample]
    files: Path

    def __len__(self) -> int:
        return len(self.rows)

    def read(self, sha256: str) -> bytes:
        """The bytes of a file."""
        return file_path(self.files, sha256).read_bytes()

    def of(self, name: str) -> list[str]:
        """Every file that comes as this input, once, in order."""
        return list(dict.fromkeys(row.inputs[name] for row in self.rows if name in row.inputs))

    @classmethod
    def load(cls, directory: Path, name: str) -> "Samples":
        """The list `name` of a job's directory."""
        rows = json.loads((directory / f"{name}.json").read_text())
        return cls(
            [TrainingSample(row["inputs"], row["label"], tuple(row.get("slices", ()))) for row in rows],
            directory / "files",
        )


def file_path(files: Path, sha256: str) -> Path:
    """Where the file lies."""
    return files / sha256[:2] / sha256
