"""The results as they are kept: docs/benchmarks.json, from which the page and the picture are drawn.

{part: {"date", "commit", "rounds", "seconds", "machine": {...}, "versions": {server: version},
        "rows": {row: {measure: [a value a round]}}, "reasons": {row: why it was not measured}}}
"""

import json
from pathlib import Path
from typing import Any

Results = dict[str, dict[str, Any]]
_DIGITS = 5  # that count; the rest is noise


def read(path: Path) -> Results:
    """What is kept, nothing where there is no file."""
    return json.loads(path.read_text()) if path.exists() else {}


def merge(kept: Results, new: Results) -> Results:
    """A part that was measured again replaces its former self whole: its rows compare only within one run."""
    return kept | new


def write(path: Path, results: Results) -> None:
    """Rounded to what a measurement can tell."""
    rounded = {part: _rounded(measured) for part, measured in results.items()}
    path.write_text(json.dumps(rounded, indent=1, ensure_ascii=False) + "\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return value
