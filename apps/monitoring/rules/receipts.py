"""Which numbered entries of a sender have been counted, in any order of arrival and however often each arrives.

Everything up to `floor` is settled; `ahead` holds the counted numbers above it. An entry that stays away while
`PATIENCE` later ones are counted is given up as lost, so the record stays small.
"""

from dataclasses import dataclass

#: More than one reader can hold unfinished, so that an entry is given up only when it is really gone.
PATIENCE = 2000


@dataclass(frozen=True, slots=True)
class Receipts:
    """Numbers start at 1."""

    floor: int = 0
    ahead: frozenset[int] = frozenset()
    lost: int = 0


def counted(receipts: Receipts, number: int) -> bool:
    """Whether `number` is settled already: counted, or given up."""
    return number <= receipts.floor or number in receipts.ahead


def received(receipts: Receipts, number: int) -> Receipts:
    """The record after counting `number`, which must not be settled yet."""
    ahead = set(receipts.ahead) | {number}
    floor, lost = receipts.floor, receipts.lost
    if len(ahead) > PATIENCE:
        lost += min(ahead) - floor - 1
        floor = min(ahead) - 1
    while floor + 1 in ahead:
        floor += 1
        ahead.remove(floor)
    return Receipts(floor, frozenset(ahead), lost)
