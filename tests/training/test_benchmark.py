"""What the benchmark calls a training job is the product's own process, and its bare loop takes the very same steps."""

from pathlib import Path

import pytest
import yaml

from bench.artifacts import Artifact
from bench.errors import Unavailable
from bench.parts.training import loop, require_same
from bench.training.job import training

_STEPS = 6


@pytest.fixture
def parent(artifact: Path) -> Artifact:
    return Artifact(artifact, yaml.safe_load((artifact / "model.yaml").read_text()))


def test_a_job_and_the_bare_loop_learn_the_same(parent: Artifact, cache_directory: Path) -> None:
    with training(parent, _STEPS, cache_directory) as (job, directory):
        assert job.until_it_trains() < job.until_it_has_learned()
        speed, loss = loop(parent, directory, _STEPS)
        assert speed > 0
        assert job.steps()[1] == _STEPS
        require_same(job.loss(), loss)
        with pytest.raises(Unavailable, match="something else"):
            require_same(job.loss(), 1.01 * loss)


def test_a_job_that_fails_is_no_measurement(parent: Artifact, cache_directory: Path) -> None:
    unknown = Artifact(parent.directory, parent.manifest | {"task": "chess"})
    with training(unknown, _STEPS, cache_directory) as (job, _), pytest.raises(Unavailable, match="chess"):
        job.until_it_has_learned()
