"""What the parts share."""

from collections.abc import Callable, Mapping

from bench.part import Figures, Slice
from bench.peers import PEERS, Peer

#: Connections under load; the other measure is one.
MANY = 64


def peers_slices(measure: Callable[[Peer], Mapping[str, Figures]], group: str = "") -> dict[str, Slice]:
    """One slice a peer, in the order of the page."""
    return {f"{group}{peer.name}": lambda peer=peer: measure(peer) for peer in PEERS}  # type: ignore[misc]
