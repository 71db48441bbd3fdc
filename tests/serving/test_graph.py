"""Stages side by side and joined: one answer whether they share a process or each has its own."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.serving import worlds
from tests.serving.planes import FAILING, GRAPH, numbers
from tests.serving.processes import until
from workers.serving import names

STAGES = ("preprocess", "left", "right", "fuse", "postprocess")


def way(revision: int) -> list[dict]:
    """The graph as hops: preprocess to left and right, both to fuse, that to postprocess."""
    then = {"preprocess": [1, 2], "left": [3], "right": [3], "fuse": [4], "postprocess": []}
    joins = {"preprocess": 0, "left": 1, "right": 1, "fuse": 2, "postprocess": 1}
    return [
        {
            "stage": stage,
            "stream": names.stage_stream("doubler", revision, stage),
            "then": then[stage],
            "joins": joins[stage],
        }
        for stage in STAGES
    ]


@pytest.fixture
def plane(plane):
    apart = worlds.deployment(splits=[worlds.split(2) | {"path": way(2)}])
    plane.publish(fused=worlds.deployment(), apart=apart)
    return plane


def serve_apart(plane, *stages, **changes):
    return [plane.serve(2, stage, (stage,), manifest=GRAPH, **changes) for stage in stages]


@pytest.fixture
def graph(plane):
    plane.serve(1, steps=STAGES, manifest=GRAPH)
    serve_apart(plane, *STAGES)
    return plane


def test_stages_side_by_side_answer_alike_fused_and_apart(graph):
    answers = [numbers(graph.ask(1.5, 2, name=name)) for name in ("fused", "apart")]
    assert answers == [[15, 200], [15, 200]]


def test_a_request_with_several_samples_is_joined_sample_by_sample(graph):
    body = worlds.body(worlds.tensor(data=[1, 2, 3, 4], shape=[2, 2]))
    response = graph.http.post("/v2/models/apart/infer", content=body)
    assert numbers(response) == [10, 200, 30, 400]


def test_the_failure_of_one_branch_is_the_answer_with_its_own_reason(graph):
    response = graph.ask(FAILING, 0, name="apart")
    assert (response.status_code, response.json()["code"]) == (500, "model_failed")
    assert f"cannot do {FAILING}" in response.json()["error"]


def test_the_answer_says_what_each_stage_took(graph):
    timing = graph.ask(1, 2, name="apart").headers["server-timing"]
    assert all(f"{stage};dur=" in timing and f"{stage}-queue;dur=" in timing for stage in STAGES)


def test_a_join_waits_for_the_slower_branch_and_leaves_nothing_behind(graph, plane):
    graph.ask(1, 2, name="apart")
    assert [plane.depth(2, stage) for stage in STAGES] == [0] * len(STAGES)
    assert not list(plane.valkey.scan_iter("quartet:join:*"))


def test_two_branches_that_give_the_same_value_are_the_models_fault(plane):
    clashes = {"handler": "doubler:Clashing"}
    stages = [stage | (clashes if stage["name"] == "right" else {}) for stage in GRAPH["stages"]]
    clashing = GRAPH | {"stages": stages, "samples": []}
    for stage in STAGES:
        plane.serve(2, stage, (stage,), manifest=clashing)
    response = plane.ask(1, 2, name="apart")
    assert (response.status_code, response.json()["code"]) == (500, "model_output_wrong")
    assert "'left'" in response.json()["error"]


def test_a_replica_killed_in_one_branch_costs_time_and_no_answer(plane):
    serve_apart(plane, "preprocess", "right", "fuse", "postprocess")
    serve_apart(plane, "left", "left")
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(plane.ask, each, 2, name="apart") for each in (7, 1, 2, 3)]  # 7 holds its batch
        until(plane.entered, "a batch to be under way")
        held = plane.entered()[0]
        next(replica for replica in plane.replicas if replica.process.pid == held).kill()
        plane.open_gate()
        assert [numbers(answer.result()) for answer in answers] == [[70, 200], [10, 200], [20, 200], [30, 200]]
