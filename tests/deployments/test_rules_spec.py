"""The digest is what an approval is bound to."""

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


def test_measured_memory_goes_before_a_guess() -> None:
    assert memory_need(123, 10**9) == 123
    assert memory_need(None, 10**9) > 3 * 10**9


def test_the_manifest_says_what_an_automatic_stage_needs() -> None:
    manifest = [{"name": "preprocess", "device": "cpu"}, {"name": "infer", "device": "cuda"}]
    assert device_class("auto", ["preprocess"], manifest) == "cpu"
    assert device_class("auto", ["preprocess", "infer"], manifest) == "cuda"
    assert device_class("cpu", ["infer"], manifest) == "cpu"
