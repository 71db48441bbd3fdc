"""The digest is what an approval is bound to, and a batch is as large as the revision or else the manifest says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.deployments.rules.placement import device_class, memory_need
from apps.deployments.rules.spec import digest, normalised, one_stage
from apps.registry.rules.stages import spelt

STAGES = spelt({"name": name, "handler": "h:H"} for name in ("preprocess", "infer", "postprocess"))
SPECS = st.builds(
    lambda replicas, batch, timeout, note: normalised(
        one_stage(STAGES, replicas=replicas, batch_max=batch),
        stages=STAGES,
        version=1,
        timeout_ms=timeout,
        max_in_flight=8,
        note=note,
    ),
    st.integers(1, 64),
    st.integers(1, 1024),
    st.integers(100, 600_000),
    st.text(max_size=20),
)


@given(SPECS, SPECS)
def test_two_specifications_have_one_digest_only_if_they_are_the_same(one: dict, other: dict) -> None:
    assert (digest("d", one) == digest("d", other)) == (one == other)


@given(SPECS)
def test_a_specification_of_other_files_has_another_digest(spec: dict) -> None:
    assert digest("d", spec) != digest("e", spec)


@given(SPECS)
def test_what_was_normalised_stays_as_it_is(spec: dict) -> None:
    assert (
        normalised(spec["stages"], stages=STAGES, version=1, **{k: v for k, v in spec.items() if k != "stages"}) == spec
    )


def batch(groups: list[dict], stages: list[dict], **others: list[dict]) -> tuple[int, int, int]:
    """`batch_max`, `batch_bytes` and `scale.in_flight` of the first group."""
    said = normalised(groups, stages=stages, version=1, timeout_ms=100, max_in_flight=8, note="", **others)
    first = said["stages"][0]
    return first["batch_max"], first["batch_bytes"], first["scale"]["in_flight"]


def fitting(**infer: int) -> list[dict]:
    """The three stages, with what the manifest says of the batches of `infer`."""
    return [{**stage, **(infer if stage["name"] == "infer" else {})} for stage in STAGES]


def test_a_batch_that_nobody_speaks_of_is_the_usual_one() -> None:
    assert batch(one_stage(STAGES), fitting()) == (32, 64 * 1024**2, 64)


@given(st.integers(1, 1024), st.integers(1024**2, 1024**3))
def test_a_batch_is_what_the_manifest_says(most: int, size: int) -> None:
    assert batch(one_stage(STAGES), fitting(batch_max=most, batch_bytes=size)) == (most, size, 2 * most)


@given(st.integers(1, 1024), st.integers(1, 1024))
def test_a_revision_may_say_less_or_more_than_the_manifest(said: int, manifest: int) -> None:
    assert batch(one_stage(STAGES, batch_max=said), fitting(batch_max=manifest))[0] == said


@given(st.lists(st.none() | st.integers(1, 1024), min_size=3, max_size=3))
def test_stages_in_one_process_have_the_smallest_of_their_batches(said: list[int | None]) -> None:
    stages = [{**stage, "batch_max": most} for stage, most in zip(STAGES, said, strict=True)]
    assert batch(one_stage(stages), stages)[0] == min([most for most in said if most], default=32)


@pytest.mark.parametrize(("step", "most"), [("preprocess", 32), ("infer", 4)])
def test_a_stage_that_stands_apart_has_the_batch_of_its_own_steps(step: str, most: int) -> None:
    stages = fitting(batch_max=4)
    groups = [{"name": name, "steps": [name]} for name in ("preprocess", "infer", "postprocess")]
    said = normalised(groups, stages=stages, version=1, timeout_ms=100, max_in_flight=8, note="")
    assert {group["name"]: group["batch_max"] for group in said["stages"]}[step] == most


def test_a_stage_of_another_version_has_the_batch_of_that_version() -> None:
    group = {**one_stage(STAGES)[0], "version": 2}
    assert batch([group], fitting(batch_max=4), others={2: fitting(batch_max=7)})[0] == 7


def test_measured_memory_goes_before_a_guess() -> None:
    assert memory_need(123, 10**9) == 123
    assert memory_need(None, 10**9) > 3 * 10**9


def test_the_manifest_says_what_an_automatic_stage_needs() -> None:
    manifest = [{"name": "preprocess", "device": "cpu"}, {"name": "infer", "device": "cuda"}]
    assert device_class("auto", ["preprocess"], manifest) == "cpu"
    assert device_class("auto", ["preprocess", "infer"], manifest) == "cuda"
    assert device_class("cpu", ["infer"], manifest) == "cpu"
