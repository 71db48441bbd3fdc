"""Triton's own load tool runs against a deployment as it comes, and its figures of the server are ours."""

import re
import subprocess

import pytest

from tests.serving import worlds
from tests.serving.install_perf_analyzer import install

CALM = ["--measurement-interval", "500", "--max-trials", "3", "--stability-percentage", "999"]
LOADS = {
    "by concurrency, binary": ["--concurrency-range", "1:3:2"],
    "by rate, JSON": [
        *["--request-rate-range", "100", "--request-distribution", "poisson"],
        *["--input-tensor-format", "json", "--output-tensor-format", "json"],
    ],
}


@pytest.fixture(scope="module")
def analyzer() -> str:
    return str(install())


@pytest.mark.parametrize("load", LOADS.values(), ids=LOADS)
def test_perf_analyzer_measures_a_deployment_without_changes(busy_plane, analyzer, load):
    target = ["-m", "doubler", "-i", "http", "-u", busy_plane.gateway.url.removeprefix("http://")]
    key = ["-H", f"Authorization: Bearer {worlds.GOOD_KEY}"]
    run = subprocess.run([analyzer, *target, *key, *CALM, *load], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    seen, counted = (int(re.search(rf"{what}: (\d+)", run.stdout)[1]) for what in ("Request count", "Inference count"))
    assert seen > 10 and abs(seen - counted) <= 0.2 * seen  # a request may fall between two of its windows
    assert "compute infer" in run.stdout and "queue" in run.stdout
