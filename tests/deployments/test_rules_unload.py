"""Idle replicas make way: least recently used first, none in use, none too many."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from apps.deployments.rules.placement import Room, Whole, choose, never_fits
from apps.deployments.rules.unload import IDLE, Offer, Release, _freed, make_room, unload


@st.composite
def fleets(draw: st.DrawFn) -> tuple[list[Room], list[Offer]]:
    rooms = [
        Room(n, f"n{n}", draw(st.integers(0, 10)), draw(st.integers(0, 3)), 1) for n in range(draw(st.integers(1, 3)))
    ]
    offers = []
    for stage in range(draw(st.integers(0, 4))):
        idle = draw(st.floats(0, 500))
        for slot in range(draw(st.integers(1, 3)), 0, -1):
            where = draw(st.integers(0, len(rooms) - 1))
            offers.append(Offer(UUID(int=len(offers)), stage, slot, where, "cpu", draw(st.integers(1, 8)), idle))
    return rooms, draw(st.permutations(offers))


@given(fleets(), st.integers(1, 20))
def test_what_is_taken_makes_room(fleet: tuple[list[Room], list[Offer]], need: int) -> None:
    rooms, offers = fleet
    taken = unload(rooms, need, "cpu", offers)
    assert not taken or choose(_freed(rooms, taken), need, "cpu")


@given(fleets(), st.integers(1, 20))
def test_nothing_in_use_lately_is_taken(fleet: tuple[list[Room], list[Offer]], need: int) -> None:
    assert all(offer.idle >= IDLE for offer in unload(fleet[0], need, "cpu", fleet[1]))


@given(fleets(), st.integers(1, 20))
def test_only_the_highest_slots_of_a_stage_are_taken(fleet: tuple[list[Room], list[Offer]], need: int) -> None:
    taken = unload(fleet[0], need, "cpu", fleet[1])
    left = [offer for offer in fleet[1] if offer not in taken]
    assert all(offer.slot > other.slot for offer in taken for other in left if offer.stage == other.stage)


@given(fleets(), st.integers(1, 20))
def test_no_more_is_taken_than_is_needed(fleet: tuple[list[Room], list[Offer]], need: int) -> None:
    rooms, offers = fleet
    taken = unload(rooms, need, "cpu", offers)
    for offer in taken:
        rest = [other for other in taken if other is not offer]
        last = all(other.slot > offer.slot for other in rest if other.stage == offer.stage)
        assert not last or not choose(_freed(rooms, rest), need, "cpu")


@given(fleets(), st.integers(1, 20))
def test_nothing_is_taken_where_there_is_room_or_no_hope(fleet: tuple[list[Room], list[Offer]], need: int) -> None:
    rooms, offers = fleet
    idle = [offer for offer in offers if offer.idle >= IDLE]
    if choose(rooms, need, "cpu") or not choose(_freed(rooms, idle), need, "cpu"):
        assert unload(rooms, need, "cpu", offers) == []


ROOM = Room(0, "n0", 2, 2, 2)
OLD, NEW = (Offer(UUID(int=n), n, 1, 0, "cpu", 5, idle) for n, idle in ((1, 400.0), (2, 40.0)))


def test_the_least_recently_used_goes_first() -> None:
    assert unload([ROOM], 6, "cpu", [NEW, OLD]) == [OLD]


def test_room_that_is_on_its_way_is_waited_for() -> None:
    assert make_room([(6, "cpu")], [ROOM], [Release(0, "cpu", 5)], [OLD, NEW]) == []


def test_each_replica_that_lacks_room_gets_room_of_its_own() -> None:
    assert make_room([(6, "cpu"), (6, "cpu")], [ROOM], [], [OLD, NEW]) == [OLD, NEW]


def test_the_rooms_that_are_asked_about_stay_as_they_are() -> None:
    before = replace(ROOM)
    make_room([(6, "cpu")], [ROOM], [], [OLD])
    assert before == ROOM


def test_a_replica_larger_than_every_node_never_fits() -> None:
    mib = 1024**2
    nodes = [Whole("a", 100 * mib), Whole("b", 300 * mib)]
    assert never_fits(301 * mib, "cpu", nodes) == (
        "A replica takes 301 MiB as measured, and the largest node, b, has 300 MiB in all."
    )
    assert never_fits(300 * mib, "cpu", nodes) == ""
    assert never_fits(301 * mib, "cpu", []) == ""


def test_an_accelerator_must_hold_it_as_well() -> None:
    mib = 1024**2
    nodes = [Whole("a", 900 * mib), Whole("b", 300 * mib, (200 * mib,))]
    assert "the largest accelerator, on b, has 200 MiB" in never_fits(250 * mib, "cuda", nodes)
    assert never_fits(250 * mib, "auto", nodes) == ""
    assert never_fits(250 * mib, "cuda", nodes[:1]) == ""
