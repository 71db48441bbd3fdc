"""How far the strategy "rolling" has come, and what that means for replica counts and for the split of traffic.

Both revisions are weighed by the share of their replicas that is ready, the scarcest stage counting: what is not shared
between them grows on one side as it goes on the other, so that there are never more than `surge` replicas above the
count.
"""

from collections.abc import Iterable
from fractions import Fraction
from math import ceil, floor


def share(counts: Iterable[tuple[int, int]]) -> Fraction:
    """The share of a revision that is there: the least of ready / wanted over its stages; 1 where it has none."""
    shares = (Fraction(min(ready, wanted), wanted) for ready, wanted in counts if wanted)
    return min(shares, default=Fraction(1))


def new_slots(wanted: int, reached: Fraction, surge: int) -> int:
    """Replicas that a stage of the new revision may have when `reached` of that revision is ready."""
    return min(wanted, floor(reached * wanted) + surge)


def old_slots(wanted: int, reached: Fraction) -> int:
    """Replicas that a stage of the old revision keeps; the last stays until nobody sends to it any more."""
    return max(1, ceil((1 - reached) * wanted)) if wanted else 0


def weights(old: Fraction, new: Fraction) -> tuple[int, int]:
    """Per cent of the traffic for the old and the new revision, by the shares of them that are ready."""
    if not new:
        return 100, 0
    to_new = round(100 * new / (old + new))
    return 100 - to_new, to_new
