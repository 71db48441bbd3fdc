"""The device a replica computes on, chosen with a probe in CUDA's place."""

import pytest

from workers.serving.device import DeviceMissing, choose, is_engine_dead, is_out_of_memory


@pytest.mark.parametrize(
    ("wanted", "there", "chosen"),
    [
        ("cpu", True, "cpu"),
        ("cpu", False, "cpu"),
        ("auto", True, "cuda:0"),
        ("auto", False, "cpu"),
        ("cuda", True, "cuda:0"),
    ],
)
def test_the_device_is_the_best_allowed_one(wanted, there, chosen):
    assert choose(wanted, lambda: there) == chosen


def test_a_demanded_device_that_is_not_there_is_an_error_that_says_so():
    with pytest.raises(DeviceMissing, match="demands a CUDA device"):
        choose("cuda", lambda: False)


def test_an_unknown_device_is_refused():
    with pytest.raises(DeviceMissing, match="'tpu'"):
        choose("tpu", lambda: True)


def test_the_real_probe_answers():
    assert choose("auto") in ("cpu", "cuda:0")


@pytest.mark.parametrize(
    ("error", "dead"),
    [(RuntimeError("CUDA error: an illegal memory access"), True), (RuntimeError("wrong shape"), False)],
)
def test_only_a_lost_device_counts_as_a_dead_engine(error, dead):
    assert is_engine_dead(error) is dead


def test_lack_of_memory_is_found_behind_another_error():
    error = RuntimeError("warm-up failed")
    error.__cause__ = MemoryError()
    assert is_out_of_memory(error) and not is_out_of_memory(RuntimeError())
