"""Stages may be fused or stand apart on their own streams: the same code, the same answers."""

import pytest

from tests.serving import worlds
from tests.serving.planes import FAILING, REFUSED, numbers
from workers.serving import names

APART = {"pre": ("preprocess",), "model": ("infer",), "post": ("postprocess",)}


@pytest.fixture
def plane(plane):
    path = [names.stage_stream("doubler", 2, stage) for stage in APART]
    apart = worlds.deployment(splits=[worlds.split(2, path=path)])
    plane.publish(fused=worlds.deployment(), apart=apart)
    plane.serve()
    for stage, steps in APART.items():
        plane.serve(2, stage, steps)
    return plane


def test_stages_apart_give_the_same_answer_as_fused(plane):
    x = (1.5, -2.25)
    assert numbers(plane.ask(*x, name="apart")) == numbers(plane.ask(*x, name="fused")) == [3, -4.5]


@pytest.mark.parametrize("x", [REFUSED, FAILING])
def test_stages_apart_fail_as_fused_ones_do(plane, x):
    apart, fused = (plane.ask(x, 0, name=name) for name in ("apart", "fused"))
    assert (apart.status_code, apart.json()["code"]) == (fused.status_code, fused.json()["code"])


def test_nothing_stays_behind_in_any_stage(plane):
    plane.ask(1, 2, name="apart")
    assert [plane.depth(2, stage) for stage in APART] == [0, 0, 0]
