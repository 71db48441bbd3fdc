"""The rounds go on whatever happens to one server."""

from bench import rounds
from bench.errors import Unavailable
from bench.part import Figures
from bench.slices import once


def quiet(line: str) -> None:
    """Nobody listens."""


def test_every_slice_gives_a_value_a_round() -> None:
    count = iter(range(100))
    values, reasons = rounds.run({"a": lambda: {"a": {"n": next(count)}}}, 3, {}, quiet)
    assert values == {"a": {"n": [0, 1, 2]}}
    assert reasons == {}


def test_a_slice_that_fails_is_told_and_not_tried_again_and_the_others_go_on() -> None:
    tried = []

    def broken() -> dict[str, Figures]:
        tried.append(1)
        raise Unavailable("does not start")

    values, reasons = rounds.run({"broken": broken, "good": lambda: {"good": {"n": 1.0}}}, 3, {}, quiet)
    assert reasons == {"broken": "does not start"}
    assert values == {"good": {"n": [1.0, 1.0, 1.0]}}
    assert len(tried) == 1


def test_what_fails_later_keeps_its_earlier_rounds() -> None:
    good = iter([1.0])
    values, reasons = rounds.run({"a": lambda: {"a": {"n": next(good)}}}, 3, {}, quiet)
    assert values == {"a": {"n": [1.0]}}
    assert reasons["a"].startswith("StopIteration")


def test_what_is_known_not_to_work_is_not_tried() -> None:
    def never() -> dict[str, Figures]:
        raise AssertionError("it was tried")

    assert rounds.run({"a": never}, 2, {"a": "does not install"}, quiet) == ({}, {"a": "does not install"})


def test_what_is_measured_once_has_one_value_and_the_others_one_a_round() -> None:
    count = iter(range(100))
    slices = {"a": lambda: {"a": {"n": 1.0}}, "long": once(lambda: {"long": {"n": next(count)}})}
    assert rounds.run(slices, 3, {}, quiet) == ({"a": {"n": [1.0, 1.0, 1.0]}, "long": {"n": [0]}}, {})
