"""What the parts share."""

import itertools
from collections.abc import Callable, Mapping

from bench.load import Load, Request, drive, warm_up
from bench.part import Column, Figures, Slice
from bench.peers import PEERS, Peer

#: Connections under load; the other measure is one.
MANY = 64


def peers_slices(measure: Callable[[Peer], Mapping[str, Figures]], group: str = "") -> dict[str, Slice]:
    """One slice a peer, in the order of the page."""
    return {f"{group}{peer.name}": lambda peer=peer: measure(peer) for peer in PEERS}  # type: ignore[misc]


def once(measure: Slice) -> Slice:
    """Measured in the first round alone, where a round takes long: its rows have one value."""
    rounds = itertools.count()
    return lambda: {} if next(rounds) else measure()


def speed_columns(unit: str) -> tuple[Column, ...]:
    """The columns of what `speed` measures; `unit` is what is counted a second."""
    return (
        Column("many_rps", f"{MANY} connections", unit),
        Column("many_p50_ms", f"{MANY} connections, p50", "ms", 1),
        Column("many_p99_ms", f"{MANY} connections, p99", "ms", 1),
        Column("one_p50_ms", "1 connection, p50", "ms", 2),
    )


def speed(request: Request, seconds: float) -> Figures:
    """How a server does under load and with one caller, once it is warm."""
    warm_up(request, MANY)
    return figures(drive(request, MANY, seconds), drive(request, 1, seconds / 3))


def figures(many: Load, one: Load) -> Figures:
    """What is shown of a run with MANY connections and one with a single connection."""
    return {
        "many_rps": many.rps,
        "many_p50_ms": many.p50_ms,
        "many_p99_ms": many.p99_ms,
        "one_p50_ms": one.p50_ms,
    }
