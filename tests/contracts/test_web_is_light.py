"""Who serves requests carries no library of analysis: 320 MB and 3 s for what one process does on demand."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_HEAVY = ("evidently", "pandas", "plotly", "sklearn", "scipy", "torch", "transformers")
_LOADED = "import sys; sys.exit(', '.join(sorted(set(sys.modules) & set(" + repr(_HEAVY) + "))) or 0)"
_SETUP = "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'controlplane.settings'; import django; django.setup(); "


@pytest.mark.parametrize(
    ("process", "imports"),
    [
        ("web", "import controlplane.asgi, controlplane.urls"),
        ("control", "import workers.tasks, workers.routes; workers.routes.listeners()"),
        ("ingest", "import workers.ingest"),
    ],
)
def test_a_process_loads_no_library_of_analysis(process: str, imports: str) -> None:
    command = [sys.executable, "-c", f"{_SETUP}{imports}; {_LOADED}"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{process}: {ended.stderr}"
