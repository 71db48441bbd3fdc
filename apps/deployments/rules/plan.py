"""What the reconciler does next: from what should run and what is seen, the acts that close the gap."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from uuid import UUID

from apps.deployments.rules.placement import Room, choose, refusal
from apps.deployments.rules.unload import Offer, Release, make_room

PENDING, READY, DRAINING = "pending", "ready", "draining"
#: States of a replica that has its memory set aside but not yet in the node's own figures.
_LOADING = (PENDING, "starting", "warming")

#: Seconds of watched silence after which a replica or a node counts as gone; hosts speak every second.
LOST_AFTER = 6.0
#: Seconds after which a message that nobody took is sent again.
DISPATCH_AGAIN = 5.0
#: Seconds after which a replica that no worker took is placed anew.
UNTAKEN_AFTER = 60.0
#: A replica that was ready for so many seconds has proved itself: its end is mended at once.
STEADY = 10.0
#: The longest pause between two tries to start the same replica, in seconds.
LONGEST_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """One stage that should run in `slots` replicas of `need` bytes each; `refusal` says why none may be started."""

    stage: int
    slots: int
    device: str
    need: int
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """One replica that may be running; `silence` is seconds since its host, or for a pending one its sender, spoke.

    `age` is seconds since it was placed, `held` the bytes that it was seen to take.
    """

    id: UUID
    stage: int
    slot: int
    node: int
    state: str
    silence: float
    reserved: int = 0
    device: str = "cpu"
    age: float = 0.0
    held: int = 0


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """One node, `away` when its worker said goodbye. Memory is in bytes; `devices` is accelerator name -> free."""

    id: int
    name: str
    away: bool
    silence: float
    memory_free: int
    slots: int
    devices: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """One replica that ended by itself not long ago, `ago` seconds back, after `served` seconds of being ready."""

    stage: int
    slot: int
    ago: float
    reason: str = ""
    served: float = 0.0


@dataclass(frozen=True, slots=True)
class Picture:
    """All that is known at one moment. `watched`: seconds since when passes have followed each other without a gap.

    `offers` are idle replicas that may make way; `released` is what replicas that ended a moment ago gave back.
    """

    wanted: Sequence[Wanted]
    replicas: Sequence[Seen]
    nodes: Sequence[NodeSeen]
    failures: Sequence[Failure]
    watched: float
    offers: Sequence[Offer] = ()
    released: Sequence[Release] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Start a replica of `stage` in `slot` on `node`, on `device`."""

    stage: int
    slot: int
    node: int
    device: str
    need: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Acts by kind; `blocked` is stage -> why it has fewer replicas than it should; `gone` are nodes fallen silent;
    `unload` are idle replicas whose stages should have fewer, so that others find room."""

    lost: dict[UUID, str]
    drain: list[UUID]
    dispatch: list[UUID]
    place: list[Place]
    blocked: dict[int, str]
    gone: list[int]
    unload: list[Offer] = field(default_factory=list)


def plan(seen: Picture) -> Plan:
    """The acts that bring what runs nearer to what should; none where all is well."""
    up = {node.id for node in seen.nodes if not node.away and not _gone(node.silence, seen.watched)}
    lost = _lost(seen, up)
    kept = [replica for replica in seen.replicas if replica.id not in lost]
    drain = _unwanted(seen.wanted, kept)
    stay = [replica for replica in kept if replica.id not in drain]
    dispatch = [r.id for r in stay if r.state == PENDING and r.silence >= DISPATCH_AGAIN]
    rooms = _rooms([node for node in seen.nodes if node.id in up], kept)
    place, blocked, lacks = _placements(seen, stay, rooms)
    gone = [node.id for node in seen.nodes if not node.away and node.id not in up]
    ending = [Release(r.node, r.device, r.held) for r in kept if r.state == DRAINING or r.id in drain]
    going = make_room(lacks, rooms, [*ending, *seen.released], [o for o in seen.offers if o.replica not in drain])
    return Plan(lost, drain, dispatch, place, blocked, gone, going)


def pause_before(failures: int) -> float:
    """Seconds to wait before the next try after that many failures in a row: 0, 0, 1, 2, 4 ... 30."""
    return 0.0 if failures < 2 else min(LONGEST_PAUSE, 2.0 ** (failures - 2))


def _gone(silence: float, watched: float) -> bool:
    """Only silence that somebody listened to counts: after an outage of ours, everybody is old."""
    return min(silence, watched) > LOST_AFTER


def _lost(seen: Picture, up: set[int]) -> dict[UUID, str]:
    names = {node.id: node.name for node in seen.nodes}
    lost = {}
    for replica in seen.replicas:
        if replica.state == PENDING:
            if replica.node not in up:
                lost[replica.id] = f"Node {names[replica.node]} went away before it started the replica."
            elif replica.age > UNTAKEN_AFTER:
                lost[replica.id] = f"The worker of node {names[replica.node]} did not take it for {replica.age:.0f} s."
        elif _gone(replica.silence, seen.watched):
            lost[replica.id] = f"Nothing was heard of it on node {names[replica.node]} for {replica.silence:.0f} s."
    return lost


def _unwanted(wanted: Iterable[Wanted], replicas: Iterable[Seen]) -> list[UUID]:
    slots = {want.stage: want.slots for want in wanted}
    return [r.id for r in replicas if r.state != DRAINING and r.slot >= slots.get(r.stage, 0)]


def _rooms(nodes: Iterable[NodeSeen], replicas: Iterable[Seen]) -> list[Room]:
    rooms = {n.id: Room(n.id, n.name, n.memory_free, n.slots, 0, dict(n.devices)) for n in nodes}
    for replica in replicas:
        if replica.node in rooms:
            loading = replica.state in _LOADING
            rooms[replica.node].take(replica.device, replica.reserved if loading else 0)
    return list(rooms.values())


def _placements(
    seen: Picture, stay: Sequence[Seen], rooms: list[Room]
) -> tuple[list[Place], dict[int, str], list[tuple[int, str]]]:
    """What is placed, what keeps the rest, and (need, device class) of each that found no room."""
    holders = {(replica.stage, replica.slot): replica.state for replica in stay if replica.state != DRAINING}
    place, blocked, lacks = [], {}, []
    for want, slot in _slots_without(READY, seen.wanted, holders):
        pause, trouble = _record(seen.failures, want.stage, slot)
        if trouble:
            blocked[want.stage] = trouble
        if (want.stage, slot) in holders or (pause > 0 and not want.refusal):
            continue
        choice = None if want.refusal else choose(rooms, want.need, want.device)
        if choice is None:
            blocked[want.stage] = want.refusal or refusal(rooms, want.need, want.device)
            lacks += [] if want.refusal else [(want.need, want.device)]
            continue
        room, device = choice
        room.take(device, want.need)
        place.append(Place(want.stage, slot, room.node, device, want.need))
    return place, blocked, lacks


def _slots_without(
    state: str, wanted: Iterable[Wanted], holders: dict[tuple[int, int], str]
) -> Iterator[tuple[Wanted, int]]:
    for want in wanted:
        for slot in range(want.slots):
            if holders.get((want.stage, slot)) != state:
                yield want, slot


def _record(failures: Iterable[Failure], stage: int, slot: int) -> tuple[float, str]:
    """Seconds still to wait before the next try in this slot, and what to say of the failures so far."""
    latest_first = sorted((f for f in failures if (f.stage, f.slot) == (stage, slot)), key=_ago)
    streak = list(takewhile(lambda failure: failure.served < STEADY, latest_first))
    if len(streak) < 2:
        return 0.0, ""
    trouble = f"A replica failed {len(streak)} times lately. The last time: {streak[0].reason}"
    return pause_before(len(streak)) - streak[0].ago, trouble


def _ago(failure: Failure) -> float:
    return failure.ago
