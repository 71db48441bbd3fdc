"""Every peer can be installed and started, and each part measures every one it is about."""

import re

import pytest

from bench.parts import PARTS
from bench.peers import PEERS, QUARTET, Peer
from bench.place import REQUIREMENTS, ROOT


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_has_an_exact_version_and_a_server(peer: Peer) -> None:
    lines = (REQUIREMENTS / f"bench-{peer.name}.txt").read_text().splitlines()
    assert any(re.fullmatch(rf"{peer.package}(\[\w+\])?==[\d.]+", line) for line in lines)
    assert (ROOT / "bench" / "servers" / f"{peer.name}.py").exists()


def test_the_overhead_of_everybody_is_measured() -> None:
    assert set(PARTS["overhead"].slices(1.0)) == {QUARTET, *(peer.name for peer in PEERS)}


@pytest.mark.parametrize("name", PARTS)
def test_every_measure_that_a_target_or_the_picture_takes_has_a_column(name: str) -> None:
    part = PARTS[name]
    for measure in {part.chart, *(target.measure for target in part.targets)}:
        assert part.column(measure).unit
