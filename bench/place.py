"""Where things lie. Everything that the benchmark installs or makes is under .cache/bench; `make clean` removes it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "requirements"
DOCS = ROOT / "docs"
CACHE = ROOT / ".cache" / "bench"
#: The servers' data while Quartet is measured.
HOME = CACHE / "home"
ARTIFACTS = CACHE / "artifacts"


def log(name: str) -> Path:
    """Where a measured process writes; of its last run alone."""
    folder = CACHE / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"
