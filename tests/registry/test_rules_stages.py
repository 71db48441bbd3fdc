"""The stages of a manifest form a graph that begins with the request and ends in one answer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.registry.rules.stages import graph_fault, in_order, last, same_graph, spelt
from tests.registry.graphs import BRANCHES, stage

OLD = [{"name": name, "handler": "h:H"} for name in ("preprocess", "infer", "postprocess")]


def test_three_stages_without_hooks_mean_what_they_always_meant() -> None:
    assert [(s["hook"], s["after"]) for s in spelt(OLD)] == [
        ("preprocess", []),
        ("predict", ["preprocess"]),
        ("postprocess", ["infer"]),
    ]


def test_spelling_out_twice_changes_nothing() -> None:
    assert spelt(spelt(OLD)) == spelt(OLD)


def test_a_stage_of_any_other_name_predicts() -> None:
    assert [s["hook"] for s in spelt(BRANCHES)] == [
        "preprocess",
        "preprocess",
        "predict",
        "predict",
        "predict",
        "postprocess",
    ]


def test_branches_that_meet_again_are_fine() -> None:
    assert graph_fault(spelt(BRANCHES)) == ""
    assert last(spelt(BRANCHES)) == ["postprocess"]


@pytest.mark.parametrize(
    ("stages", "fault"),
    [
        (
            [stage("preprocess"), stage("a", "preprocess", "b"), stage("b", "a"), stage("postprocess", "b")],
            "in a circle: a, b, postprocess",
        ),
        ([stage("preprocess"), stage("postprocess", "infer")], "after 'infer', which is no stage"),
        ([stage("preprocess"), stage("postprocess", "preprocess", "preprocess")], "after the same stage twice"),
        (
            [stage("infer"), stage("postprocess", "infer")],
            "'infer' take the request's inputs, so its hook must be preprocess",
        ),
        (
            [stage("preprocess"), stage("a", "preprocess"), stage("b", "preprocess")],
            "must end in one stage, and has a, b",
        ),
        ([stage("preprocess"), stage("a", "preprocess")], "ends in the stage 'a', so its hook must be postprocess"),
        (
            [stage("preprocess"), stage("a", "preprocess", hook="postprocess"), stage("postprocess", "a")],
            "'a' with the hook postprocess before the last",
        ),
    ],
)
def test_what_cannot_run_is_refused_with_the_reason(stages: list[dict[str, Any]], fault: str) -> None:
    assert fault in graph_fault(spelt(stages))


@st.composite
def graphs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Stages in any order, each after some of those before it in another."""
    count = draw(st.integers(1, 7))
    names = [f"s{i}" for i in range(count)]
    after = [draw(st.sets(st.sampled_from(names[:i]))) if i else set() for i in range(count)]
    return draw(st.permutations([stage(name, *sorted(a)) for name, a in zip(names, after, strict=True)]))


@given(graphs())
def test_in_order_each_comes_after_all_that_it_takes_from(stages: list[dict[str, Any]]) -> None:
    ordered = in_order(stages)
    assert sorted(ordered) == sorted(s["name"] for s in stages)
    assert all(ordered.index(other) < ordered.index(s["name"]) for s in stages for other in s["after"])


@given(graphs())
def test_no_order_of_the_list_makes_another_graph(stages: list[dict[str, Any]]) -> None:
    assert same_graph(stages, stages[::-1])


def test_another_hook_makes_another_graph() -> None:
    assert not same_graph(OLD, [*OLD[:1], {**OLD[1], "hook": "preprocess"}, OLD[2]])


def test_another_handler_does_not() -> None:
    assert same_graph(OLD, [{**each, "handler": "other:H"} for each in OLD])
