"""What a run over a hundred thousand recorded predictions takes through the whole product, from request to verdict."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.artifacts import digits_artifact
from bench.drift import rows
from bench.errors import Unavailable
from bench.part import Figures
from bench.product import Product, product

PREDICTIONS = 100_000
_NAME = "digits"
_PATIENCE = 240.0
#: The days that rows may fall on: today's, and yesterday's just after midnight.
_DAYS = (
    "from datetime import timedelta as t; from apps.core.clock import now; "
    "from apps.inference.services.partitions import partitions_ensure as e; e(days=[now().date(), now().date() - t(1)])"
)


def measure(seed: int) -> Figures:
    """Seconds from the request until the verdict is written, and of them in reading the window and in judging it.

    The analysis worker has done a run before, which loaded its libraries.
    """
    with product(QUARTET_LOG_FORMAT="json") as running:
        running.deploy(_NAME, digits_artifact(), record={"rate": 1})
        _fill(running, seed)
        _run(running)
        found = _run(running)
        told = _told(running.stack.home.logs, found["id"])
    if (found["looked_at"], found["kept"]) != (PREDICTIONS, PREDICTIONS):
        raise Unavailable(f"the run looked at {found['looked_at']} predictions and the inputs of {found['kept']}")
    took = datetime.fromisoformat(found["finished_at"]) - datetime.fromisoformat(found["requested_at"])
    return {"seconds": took.total_seconds(), "read_s": told["read_seconds"], "judge_s": told["judge_seconds"]}


def _fill(running: Product, seed: int) -> None:
    running.manage("shell", "-v0", "-c", _DAYS)
    rows.write(running.stack.environ["DATABASE_URL"], _NAME, PREDICTIONS, seed, datetime.now(UTC))
    running.rest.ask("PUT", f"models/{_NAME}/versions/1/reference", json=json.loads(rows.profile(seed + 1000)))
    running.rest.ask("PUT", f"deployments/{_NAME}/drift/policy", json={"window": PREDICTIONS})


def _run(running: Product) -> dict[str, Any]:
    run = running.rest.ask("POST", f"deployments/{_NAME}/drift/runs", json={})
    end = time.monotonic() + _PATIENCE
    while run["state"] not in ("done", "failed"):
        if time.monotonic() > end:
            raise Unavailable(f"the run did not end within {_PATIENCE:.0f} s")
        time.sleep(0.1)
        run = running.rest.ask("GET", f"drift/runs/{run['id']}")
    if run["state"] == "failed":
        raise Unavailable(f"the run failed: {run['problem']}")
    return run


def _told(logs: Path, run: int) -> dict[str, Any]:
    """What the analysis worker wrote of the run."""
    for line in (logs / "analysis.log").read_text(errors="replace").splitlines():
        if '"window judged"' in line and (told := json.loads(line))["run"] == run:
            return dict(told)
    raise Unavailable("the analysis worker told nothing of the run")
