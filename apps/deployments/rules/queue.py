"""Which approved revision goes next, and which will never go: the newest approved one wins."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """Numbers of revisions: `begin` starts now, `supersede` are passed over, the rollout to `abandon` is given up."""

    begin: int | None = None
    supersede: frozenset[int] = frozenset()
    abandon: int | None = None


def next_turn(
    *, live: int | None, rolling: int | None, moving: bool, approved: Collection[int], requested: Collection[int]
) -> Turn:
    """What to do with the revisions of one deployment.

    `live` is the live revision's number, `rolling` that of the open rollout, `moving` whether that rollout has begun to
    move traffic: then the next one waits until it is done, while one that only starts replicas gives way.
    """
    reached = max(live or 0, rolling or 0)
    newest = max(approved, default=0)
    if newest <= reached:
        return Turn(supersede=frozenset(approved))
    if rolling is not None and moving:
        return Turn(supersede=frozenset(n for n in approved if n != newest))
    passed = {n for n in (*approved, *requested) if n < newest}
    return Turn(begin=newest, supersede=frozenset(passed), abandon=rolling)
