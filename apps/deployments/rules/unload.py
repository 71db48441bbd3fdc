"""Which idle replicas make way for one that has no room: those of the stage that was used least lately go first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from apps.deployments.rules.placement import Room, choose

#: Seconds for which a stage must not have been used for its replicas to make way.
IDLE = 30.0


@dataclass(frozen=True, slots=True)
class Offer:
    """One ready replica above its stage's least count, unused for `idle` seconds, holding `held` bytes of `device`.

    Only a stage's highest slot may go, so its offers are taken from the highest slot down.
    """

    replica: UUID
    stage: int
    slot: int
    node: int
    device: str
    held: int
    idle: float


@dataclass(frozen=True, slots=True)
class Release:
    """What a replica that is ending, or has just ended, gives back to its node."""

    node: int
    device: str
    held: int


def make_room(
    lacks: Iterable[tuple[int, str]],
    rooms: Sequence[Room],
    releases: Iterable[Release],
    offers: Sequence[Offer],
) -> list[Offer]:
    """The offers to take for replicas that found no room, each lack as (need in bytes, device class).

    What ending replicas are about to give back is counted on first: room that is on its way is waited for.
    """
    left = _freed(rooms, list(releases))
    taken: list[Offer] = []
    for need, device in lacks:
        more = unload(left, need, device, [offer for offer in offers if offer not in taken])
        left = _freed(left, more)
        taken += more
        if choice := choose(left, need, device):
            choice[0].take(choice[1], need)
    return taken


def unload(rooms: Sequence[Room], need: int, device: str, offers: Iterable[Offer]) -> list[Offer]:
    """The offers to take so that a replica of `need` bytes finds room; none where that would not help, or is not
    needed. Least recently used first, and no more than needed."""
    taken: list[Offer] = []
    if choose(rooms, need, device):
        return []
    for offer in sorted((o for o in offers if o.idle >= IDLE), key=_turn):
        taken.append(offer)
        if choose(_freed(rooms, taken), need, device):
            return _needed(rooms, need, device, taken)
    return []


def _turn(offer: Offer) -> tuple[float, int, int]:
    return (-offer.idle, offer.stage, -offer.slot)


def _needed(rooms: Sequence[Room], need: int, device: str, taken: list[Offer]) -> list[Offer]:
    """Without those whose room is not needed after all, the last used of them first."""
    for offer in reversed(list(taken)):
        rest = [other for other in taken if other is not offer]
        lowest = all(other.slot > offer.slot for other in rest if other.stage == offer.stage)
        if lowest and choose(_freed(rooms, rest), need, device):
            taken = rest
    return taken


def _freed(rooms: Iterable[Room], offers: Iterable[Offer | Release]) -> list[Room]:
    freed = [replace(room, devices=dict(room.devices)) for room in rooms]
    by_node = {room.node: room for room in freed}
    for offer in offers:
        if room := by_node.get(offer.node):
            room.give_back(offer.device, offer.held)
    return freed
