"""Whatever is seen, the plan closes the gap and oversteps nothing."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from apps.deployments.rules import plan as rules
from apps.deployments.rules.plan import Failure, NodeSeen, Picture, Seen, Wanted, plan

STATES = ("pending", "starting", "warming", "ready", "draining")
AGES = st.floats(0, 60)


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    nodes = [
        NodeSeen(
            id=n,
            name=f"n{n}",
            away=draw(st.booleans()),
            silence=draw(AGES),
            memory_free=draw(st.integers(0, 40)),
            slots=draw(st.integers(0, 6)),
            devices={f"cuda:{i}": draw(st.integers(0, 20)) for i in range(draw(st.integers(0, 2)))},
        )
        for n in range(draw(st.integers(0, 3)))
    ]
    wanted = [
        Wanted(
            stage=s,
            slots=draw(st.integers(0, 4)),
            device=draw(st.sampled_from(["auto", "cpu", "cuda"])),
            need=draw(st.integers(1, 10)),
            refusal=draw(st.sampled_from(["", "", "corrupt"])),
        )
        for s in range(draw(st.integers(0, 3)))
    ]
    keys = draw(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8)) if nodes else set()
    replicas = [
        Seen(
            id=UUID(int=i),
            stage=stage,
            slot=slot,
            node=draw(st.sampled_from(nodes)).id,
            state=draw(st.sampled_from(STATES)),
            silence=draw(AGES),
            reserved=draw(st.integers(1, 10)),
        )
        for i, (stage, slot) in enumerate(sorted(keys))
    ]
    failures = draw(
        st.lists(
            st.builds(Failure, st.integers(0, 3), st.integers(0, 4), st.floats(0, 300), st.just("x"), st.floats(0, 20)),
            max_size=8,
        )
    )
    return Picture(wanted, replicas, nodes, failures, watched=draw(AGES))


@given(pictures())
def test_no_slot_is_filled_twice(seen: Picture) -> None:
    acts = plan(seen)
    gone = acts.lost.keys() | set(acts.drain)
    held = [(r.stage, r.slot) for r in seen.replicas if r.id not in gone and r.state != "draining"]
    filled = held + [(p.stage, p.slot) for p in acts.place]
    assert len(filled) == len(set(filled))


@given(pictures())
def test_only_what_is_wanted_is_started(seen: Picture) -> None:
    wanted = {want.stage: want for want in seen.wanted}
    for place in plan(seen).place:
        assert place.slot < wanted[place.stage].slots
        assert not wanted[place.stage].refusal


@given(pictures())
def test_nothing_is_started_on_a_node_that_is_away_or_silent(seen: Picture) -> None:
    up = {n.id for n in seen.nodes if not n.away and min(n.silence, seen.watched) <= rules.LOST_AFTER}
    assert {place.node for place in plan(seen).place} <= up


@given(pictures())
def test_no_node_is_given_more_than_it_has(seen: Picture) -> None:
    acts = plan(seen)
    for node in seen.nodes:
        mine = [place for place in acts.place if place.node == node.id]
        there = [r for r in seen.replicas if r.node == node.id and r.id not in acts.lost]
        loading = sum(r.reserved for r in there if r.state in ("pending", "starting", "warming"))
        assert not mine or len(there) + len(mine) <= node.slots
        assert not mine or loading + sum(place.need for place in mine) <= node.memory_free
        for device, free in node.devices.items():
            assert sum(place.need for place in mine if place.device == device) <= free


@given(pictures())
def test_a_device_is_of_the_class_that_was_asked_for(seen: Picture) -> None:
    asked = {want.stage: want.device for want in seen.wanted}
    for place in plan(seen).place:
        assert asked[place.stage] in ("auto", "cpu" if place.device == "cpu" else "cuda")


@given(pictures())
def test_what_is_wanted_and_heard_of_is_left_alone(seen: Picture) -> None:
    acts = plan(seen)
    slots = {want.stage: want.slots for want in seen.wanted}
    for replica in seen.replicas:
        if replica.slot < slots.get(replica.stage, 0) and replica.silence <= rules.LOST_AFTER:
            assert replica.id not in acts.drain
            assert replica.id not in acts.lost or replica.state == "pending"


@given(pictures())
def test_right_after_we_were_away_nobody_running_is_given_up(seen: Picture) -> None:
    acts = plan(replace(seen, watched=0.0))
    running = {replica.id for replica in seen.replicas if replica.state != "pending"}
    assert not running & acts.lost.keys()


@given(pictures())
def test_a_stage_with_an_empty_slot_says_why_or_waits_its_pause(seen: Picture) -> None:
    acts = plan(seen)
    gone = acts.lost.keys() | set(acts.drain)
    held = {(r.stage, r.slot) for r in seen.replicas if r.id not in gone and r.state != "draining"}
    filled = held | {(p.stage, p.slot) for p in acts.place}
    for want in seen.wanted:
        for slot in range(want.slots):
            assert (want.stage, slot) in filled or acts.blocked[want.stage]


@given(st.integers(0, 100))
def test_the_pause_grows_to_half_a_minute(failures: int) -> None:
    assert rules.pause_before(failures) <= rules.pause_before(failures + 1) <= 30
    assert [rules.pause_before(n) for n in (0, 1, 2, 3, 4, 20)] == [0, 0, 1, 2, 4, 30]


def roomy(name: str, **fields: object) -> NodeSeen:
    known: dict = {"id": int(name[1:]), "away": False, "silence": 0.0, "memory_free": 100, "slots": 10}
    return NodeSeen(name=name, **(known | fields))


def placed_on(nodes: list[NodeSeen], device: str = "cpu", slots: int = 1) -> list[tuple[int, str]]:
    acts = plan(Picture([Wanted(1, slots, device, 10)], [], nodes, [], 60.0))
    return [(place.node, place.device) for place in acts.place]


def test_replicas_spread_over_nodes() -> None:
    assert placed_on([roomy("n1"), roomy("n2")], slots=4) == [(1, "cpu"), (2, "cpu"), (1, "cpu"), (2, "cpu")]


def test_a_stage_that_may_use_an_accelerator_gets_one_while_it_has_room() -> None:
    nodes = [roomy("n1"), roomy("n2", devices={"cuda:0": 15, "cuda:1": 25})]
    assert placed_on(nodes, "auto", slots=4) == [(2, "cuda:1"), (2, "cuda:0"), (2, "cuda:1"), (1, "cpu")]


def test_a_stage_that_needs_an_accelerator_waits_for_one() -> None:
    acts = plan(Picture([Wanted(1, 1, "cuda", 10)], [], [roomy("n1")], [], 60.0))
    assert (acts.place, acts.blocked) == ([], {1: "No node with a CUDA device is up."})


def test_the_operator_reads_how_much_memory_lacks() -> None:
    mib = 1024**2
    acts = plan(Picture([Wanted(1, 1, "cpu", 900 * mib)], [], [roomy("n1", memory_free=300 * mib)], [], 60.0))
    assert "needs 900 MiB" in acts.blocked[1]
    assert "300 MiB on n1" in acts.blocked[1]


def test_a_replica_that_fails_again_and_again_rests_in_between() -> None:
    failures = [Failure(1, 0, ago, "boom") for ago in (0.5, 3.0, 6.0)]
    acts = plan(Picture([Wanted(1, 1, "cpu", 1)], [], [roomy("n1")], failures, 60.0))
    assert (acts.place, acts.blocked) == ([], {1: "A replica failed 3 times lately. The last time: boom"})


def test_what_served_well_before_it_failed_is_replaced_at_once() -> None:
    failures = [Failure(1, 0, ago, "killed", served=60.0) for ago in (0.0, 3.0, 6.0)]
    assert len(plan(Picture([Wanted(1, 1, "cpu", 1)], [], [roomy("n1")], failures, 60.0)).place) == 1


def test_a_steady_run_makes_up_for_failures_before_it() -> None:
    failures = [Failure(1, 0, 20.0, "boom"), Failure(1, 0, 15.0, "boom"), Failure(1, 0, 0.0, "killed", served=11.0)]
    assert len(plan(Picture([Wanted(1, 1, "cpu", 1)], [], [roomy("n1")], failures, 60.0)).place) == 1


def test_a_first_failure_is_mended_at_once() -> None:
    acts = plan(Picture([Wanted(1, 1, "cpu", 1)], [], [roomy("n1")], [Failure(1, 0, 0.0, "boom")], 60.0))
    assert len(acts.place) == 1


def test_a_message_that_nobody_took_is_sent_again() -> None:
    waiting = Seen(UUID(int=1), 1, 0, 1, "pending", silence=5.5)
    fresh = Seen(UUID(int=2), 1, 1, 1, "pending", silence=1.0)
    acts = plan(Picture([Wanted(1, 2, "cpu", 1)], [waiting, fresh], [roomy("n1")], [], 60.0))
    assert acts.dispatch == [UUID(int=1)]
