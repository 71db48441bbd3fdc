"""Parameters, limits and the node that is asked."""

from hypothesis import given
from hypothesis import strategies as st

from apps.training.rules.limits import Allowed, Taken, exceeded
from apps.training.rules.placement import Place, choose
from apps.training.rules.recipes import RECIPES, parameters_normalise

PLACES = st.lists(
    st.builds(
        Place,
        st.sampled_from("abcdef"),
        st.sampled_from([("cpu",), ("cpu", "cuda")]),
        st.integers(0, 10),
        st.integers(0, 2),
    ),
    max_size=6,
    unique_by=lambda place: place.name,
)


@given(PLACES, st.sampled_from(["auto", "cpu", "cuda"]), st.integers(0, 10), st.sampled_from(["", *"abcdef"]))
def test_only_a_node_that_can_run_it_is_asked(places: list[Place], device: str, memory: int, asked: str) -> None:
    name, why = choose(device, memory, places, asked=asked, ran_on=asked)
    assert bool(name) != bool(why)
    fit = {
        p.name
        for p in places
        if p.running < 1 and p.memory_free >= memory and (device != "cuda" or "cuda" in p.classes)
    }
    assert (name in fit) if fit else not name


@given(PLACES, st.sampled_from(["auto", "cpu"]))
def test_nodes_that_are_asked_in_vain_give_way_to_every_other(places: list[Place], device: str) -> None:
    asked, seen = "", set()
    for _ in range(len(places)):
        asked, _why = choose(device, 0, places, asked=asked)
        seen.add(asked)
    assert seen - {""} == {place.name for place in places if place.running < 1}


def test_the_node_that_has_the_checkpoint_is_asked_first() -> None:
    places = [Place(name, ("cpu",), 10, 0) for name in "abc"]
    assert choose("auto", 1, places, ran_on="b")[0] == "b"
    assert choose("auto", 1, places, ran_on="b", asked="b")[0] == "c"


def test_auto_prefers_cuda() -> None:
    places = [Place("a", ("cpu",), 10, 0), Place("b", ("cpu", "cuda"), 10, 0)]
    assert choose("auto", 1, places)[0] == "b"
    assert choose("cpu", 1, places)[0] == "a"


@given(st.builds(Taken, st.floats(0, 10), st.integers(0, 10), st.integers(0, 10)))
def test_a_limit_ends_a_job_when_it_is_passed_and_not_before(taken: Taken) -> None:
    passed = exceeded(taken, Allowed(5, 5, 5))
    assert (passed is not None) == (max(taken.seconds, taken.memory_bytes, taken.disk_bytes) > 5)


def test_every_default_is_within_its_limits() -> None:
    for recipe, (_, parameters) in RECIPES.items():
        spelt, fault = parameters_normalise(recipe, {})
        assert not fault
        assert spelt.keys() == parameters.keys()
        assert parameters_normalise(recipe, spelt) == (spelt, "")


def test_a_parameter_that_is_unknown_or_out_of_bounds_is_told() -> None:
    assert "has no parameter 'rank'" in parameters_normalise("full", {"rank": 4})[1]
    assert parameters_normalise("lora", {"rank": 0})[1] == "'rank' must be a whole number from 1 to 256."
    assert "a whole number" in parameters_normalise("full", {"steps": True})[1]
    assert "a number" in parameters_normalise("full", {"learning_rate": "fast"})[1]
