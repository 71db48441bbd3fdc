"""The artifact passes the registry's inspection, and the serving engine's own warm-up answers its samples."""

from pathlib import Path
from typing import Any

import pytest

from apps.registry.rules.manifest import manifest_normalise
from tests.training.hosted import digits, hosted, inspected
from workers.serving.steps import STEPS
from workers.serving.tensors import BYTES, Sample, Tensor
from workers.training.digits_av import held_out


@pytest.fixture(scope="module")
def manifest(artifact: Path) -> dict[str, Any]:
    """As the registry keeps it and hands it to replicas."""
    found = inspected(artifact)
    assert found.has_code
    return manifest_normalise(found.manifest)


@pytest.fixture(scope="module")
def requests(cache_directory: Path) -> list[tuple[int, Sample]]:
    """(digit, sample) as clients send them: both modalities, then the picture alone, then the sound alone."""
    sent = list(held_out(20, seed=3, cache_directory=cache_directory))
    names = (("image", "sound"), ("image",), ("sound",))
    encoded = [(each.digit, {"image": media(each.png), "sound": media(each.wav)}) for each in sent]
    return [(digit, {name: files[name] for name in kept}) for kept in names for digit, files in encoded]


def media(content: bytes) -> Tensor:
    return Tensor(BYTES, (), [content])


def test_a_replica_of_the_whole_pipeline_knows_most_digits(
    artifact: Path, manifest: dict[str, Any], requests: list[tuple[int, Sample]]
) -> None:
    answers = digits(hosted(artifact, manifest, *STEPS).run([sample for _, sample in requests]))
    right = [answer == digit for answer, (digit, _) in zip(answers, requests, strict=True)]
    assert sum(right[:20]) >= 18
    assert sum(right) >= 48


def test_stages_hosted_apart_answer_as_the_whole_pipeline_does(
    artifact: Path, manifest: dict[str, Any], requests: list[tuple[int, Sample]]
) -> None:
    samples = [sample for _, sample in requests]
    passed_on = samples
    for step in STEPS:
        passed_on = hosted(artifact, manifest, step).run(passed_on)
    assert digits(passed_on) == digits(hosted(artifact, manifest, *STEPS).run(samples))
