"""`make bench`, or `python -m bench`: installs, measures, and writes docs/benchmarks.{json,md,svg}."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import chart, install, machine, page, results, rounds
from bench.errors import Unavailable
from bench.part import ROUNDS, SECONDS, Part
from bench.parts import PARTS
from bench.peers import BY_NAME, PEERS, QUARTET
from bench.place import DOCS
from controlplane.embedded.interrupts import ended_by_signals

_NAMES = (QUARTET, *BY_NAME)
_NOT_CHOSEN = "left out of this run"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 written, 1 this machine cannot measure, 130 stopped by hand (what was measured is written)."""
    options = _parser().parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        with ended_by_signals():
            if not options.draw:
                _measure(options, _prepare(options.peers if any(PARTS[name].served for name in options.only) else None))
            _write(options.out, results.read(options.out / "benchmarks.json"))
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _prepare(chosen: Sequence[str] | None) -> dict[str, str]:
    """Install what is needed; the servers that cannot be measured, with the reason. Raises Unavailable.

    None: no part that was chosen asks a server.
    """
    if chosen is None:
        return {}
    install.wrk()
    install.models()
    reasons = {}
    for peer in PEERS:
        try:
            if peer.name in chosen:
                install.peer(peer.name)
        except Unavailable as error:
            reasons[peer.name] = str(error)
    return reasons | {name: _NOT_CHOSEN for name in _NAMES if name not in chosen}


def _measure(options: argparse.Namespace, reasons: dict[str, str]) -> None:
    """Each part is kept as soon as it is measured, so that a later one's trouble costs nothing."""
    file = options.out / "benchmarks.json"
    for name in options.only:
        print(f"\n{PARTS[name].title}", flush=True)
        measured = _part(PARTS[name], options, reasons)
        results.write(file, results.merge(results.read(file), {name: measured}))
        _write(options.out, results.read(file))


def _part(part: Part, options: argparse.Namespace, reasons: dict[str, str]) -> dict[str, Any]:
    about = {"date": machine.today(), "commit": machine.commit(), "machine": machine.machine()}
    count = part.rounds(options.rounds)
    slices = part.slices(options.seconds)
    known = {name: reasons[server] for name in slices if (server := _server(name)) in reasons}
    values, failed = rounds.run(slices, count, known, lambda line: print(f"  {line}", flush=True))
    versions = {name: _version(name) for name in _NAMES if any(_server(row) == name for row in values)}
    return about | {
        "rounds": count, "seconds": options.seconds, "versions": versions, "rows": values, "reasons": failed,
    }  # fmt: skip


def _server(row: str) -> str:
    """Whose row it is: `group/server-variation`."""
    return row.rpartition("/")[2].partition("-")[0]


def _version(name: str) -> str:
    return machine.commit() if name == QUARTET else install.version(name, BY_NAME[name].package)


def _write(out: Path, kept: results.Results) -> None:
    """The page and the picture of what is kept."""
    (out / "benchmarks.md").write_text(page.render(PARTS, kept), encoding="utf-8")
    (out / "benchmarks.svg").write_text(chart.draw(PARTS, kept), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description="Measures Quartet beside its peers.")
    parser.add_argument("--only", type=_chosen(PARTS), default=list(PARTS), help=f"parts, of {', '.join(PARTS)}")
    parser.add_argument("--peers", type=_chosen(_NAMES), default=list(_NAMES), help=f"servers, of {', '.join(_NAMES)}")
    parser.add_argument("--rounds", type=int, choices=range(1, 100), default=ROUNDS, metavar="N", help="%(default)s")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each measurement (default %(default)g)")
    parser.add_argument("--out", type=Path, default=DOCS, help="where the results and the page go (default docs)")
    parser.add_argument("--draw", action="store_true", help="measure nothing, only write the page from its results")
    return parser


def _chosen(known: Any) -> Any:
    """A list of names, separated by commas, in the order of `known`."""

    def read(text: str) -> list[str]:
        names = text.split(",")
        if wrong := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"there is no {', '.join(wrong)}; there are {', '.join(known)}")
        return [name for name in known if name in names]

    return read


if __name__ == "__main__":
    sys.exit(main())
