"""Groups of a manifest's stages: each is whole, hands on one thing, and together they make a path."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.deployments.errors import BadSpec
from apps.deployments.rules.groups import arranged, hops
from apps.registry.rules.stages import spelt
from tests.deployments.graphs import BRANCHES, group
from tests.registry.graphs import stage

FORK = spelt(
    [stage("preprocess"), stage("a", "preprocess"), stage("b", "a"), stage("c", "a", "b"), stage("postprocess", "c")]
)


def path(
    groups: list[dict[str, Any]], stages: list[dict[str, Any]] = BRANCHES
) -> list[tuple[str, tuple[int, ...], int]]:
    return [(hop.group, hop.then, hop.joins) for hop in hops(arranged(groups, stages), stages)]


def test_one_group_takes_the_request_and_gives_the_answer() -> None:
    assert path([group("all", *(s["name"] for s in BRANCHES))]) == [("all", (), 0)]


def test_branches_meet_in_a_join() -> None:
    groups = [group("tail", "fuse", "postprocess"), group("sight", "eyes", "see"), group("sound", "ears", "hear")]
    assert path(groups) == [("sight", (2,), 0), ("sound", (2,), 0), ("tail", (), 2)]


def test_every_stage_may_stand_alone() -> None:
    assert path([group(s["name"], s["name"]) for s in BRANCHES]) == [
        ("eyes", (2,), 0),
        ("ears", (3,), 0),
        ("see", (4,), 1),
        ("hear", (4,), 1),
        ("fuse", (5,), 2),
        ("postprocess", (), 1),
    ]


def test_one_giver_counts_once_however_many_steps_take_from_it() -> None:
    assert path([group("x", "preprocess", "a"), group("y", "b", "c", "postprocess")], FORK) == [
        ("x", (1,), 0),
        ("y", (), 1),
    ]


def test_steps_are_put_in_order() -> None:
    [only] = arranged([group("all", *(s["name"] for s in reversed(BRANCHES)))], BRANCHES)
    assert only["steps"] == ["eyes", "ears", "see", "hear", "fuse", "postprocess"]


@pytest.mark.parametrize(
    ("groups", "stages", "reason"),
    [
        ([group("a", "eyes")], BRANCHES, "must hold the steps eyes, ears"),
        ([group("all", *(s["name"] for s in BRANCHES)), group("none")], BRANCHES, "must hold the steps"),
        (
            [group("x", "preprocess", "a", "b"), group("y", "c", "postprocess")],
            FORK,
            "hands on only the output of its last step, 'b', but the step 'c' takes the output of 'a' as well",
        ),
        (
            [group("x", "preprocess"), group("y", "a"), group("z", "b", "c", "postprocess")],
            spelt(
                [
                    stage("preprocess"),
                    stage("a", "preprocess"),
                    stage("b", "preprocess"),
                    stage("c", "a", "b"),
                    stage("postprocess", "c"),
                ]
            ),
            "'b' takes the output of preprocess and 'c' takes the output of a",
        ),
        (
            [group("both", "eyes", "ears"), group("rest", "see", "hear", "fuse", "postprocess")],
            BRANCHES,
            "hands on only the output of its last step, 'ears', but the step 'see' takes the output of 'eyes' as well",
        ),
        (
            [group("x", "eyes", "see"), group("y", "ears", "hear", "fuse", "postprocess")],
            BRANCHES,
            "'ears' takes the request's inputs and 'fuse' takes the output of see",
        ),
    ],
)
def test_what_would_be_half_a_stage_is_refused_with_what_to_do(
    groups: list[dict[str, Any]], stages: list[dict[str, Any]], reason: str
) -> None:
    with pytest.raises(BadSpec) as raised:
        arranged(groups, stages)
    assert reason in raised.value.message


@st.composite
def pipelines(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A manifest's stages and some way to group them, sensible or not."""
    count = draw(st.integers(1, 5))
    names = ["first", *(f"s{i}" for i in range(count))]
    after = {name: draw(st.sets(st.sampled_from(names[: at + 1]), min_size=1)) for at, name in enumerate(names[1:])}
    loose = set(names) - {taken for some in after.values() for taken in some}
    stages = [stage("first", hook="preprocess"), *(stage(name, *sorted(a)) for name, a in after.items())]
    stages.append(stage("end", *sorted(loose), hook="postprocess"))
    places = {s["name"]: draw(st.integers(0, 3)) for s in stages}
    groups = [group(f"g{i}", *(n for n, at in places.items() if at == i)) for i in sorted(set(places.values()))]
    return draw(st.permutations(groups)), spelt(stages)


@given(pipelines())
def test_what_is_accepted_passes_every_output_forwards_once(
    pipeline: tuple[list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    groups, stages = pipeline
    try:
        found = hops(arranged(groups, stages), stages)
    except BadSpec as refusal:
        assert refusal.message
        return
    assert all(onward > index for index, hop in enumerate(found) for onward in hop.then)
    assert [hop.joins for hop in found] == [sum(i in hop.then for hop in found) for i in range(len(found))]
    assert [index for index, hop in enumerate(found) if not hop.then] == [len(found) - 1]


@given(pipelines(), st.randoms())
def test_the_order_in_which_groups_are_written_means_nothing(
    pipeline: tuple[list[dict[str, Any]], list[dict[str, Any]]], chance: Any
) -> None:
    groups, stages = pipeline
    other = list(groups)
    chance.shuffle(other)
    try:
        expected = arranged(groups, stages)
    except BadSpec:
        return
    assert arranged(other, stages) == expected
