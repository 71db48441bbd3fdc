"""docs/benchmarks.md, drawn from the results: no figure in it was typed. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.part import ROUNDS, SECONDS, Column, Part, label, quartets
from bench.peers import BY_NAME
from bench.results import Results
from bench.statistics import Spread, ratio, spread
from bench.text import BATCH
from bench.verdicts import Verdict, judge

_TITLE = """# Benchmarks

Written by `make bench`; do not edit. Every server runs the same model code on this machine, one after the other and in
turns: one server at a time, one replica, one model thread, batches of {batch} at most, one load generator (wrk). Every
figure is the median of the rounds, with the lowest and the highest in brackets; ratios are taken round by round. A
server shares the machine's cores with the load generator, so read ratios rather than absolute figures.

![Medians, with the spread of the rounds](benchmarks.svg)
"""
_DASH = "–"
#: Percent of its cores, taken by other work, up to which a machine counts as idle.
_QUIET = 5.0


def render(parts: Mapping[str, Part], results: Results) -> str:
    """The whole page."""
    measured = [(part, results[name]) for name, part in parts.items() if name in results]
    sections = [_TITLE.format(batch=BATCH), _targets(measured)]
    sections += [_section(part, result) for part, result in measured]
    return "\n".join(sections)


def _targets(measured: Sequence[tuple[Part, Mapping[str, Any]]]) -> str:
    rows = [
        _verdict(part, verdict, trial=bool(_cautions(part, result)))
        for part, result in measured
        for verdict in judge(part, result["rows"])
    ]
    table = _table(["part", "target", "found", "verdict", "factor"], rows)
    return f"## Targets\n\nA factor above one is room to spare, below one what is missing.\n\n{table}"


def _verdict(part: Part, verdict: Verdict, trial: bool) -> list[str]:
    if verdict.found is None:
        return [part.name, verdict.wanted, _DASH, "not measured", _DASH]
    found = f"{_figure(verdict.found, _short)} {verdict.unit}"
    told = ("reached" if verdict.reached else "**not reached**") + (" in a trial" if trial else "")
    return [part.name, verdict.wanted, found, told, _DASH if verdict.factor is None else f"{verdict.factor:.2f}"]


def _section(part: Part, result: Mapping[str, Any]) -> str:
    table = _table(["server", *_heads(part, result)], list(_rows(part, result)))
    return f"## {part.title}\n\n{part.prose}\n\n{_about(part, result)}\n\n{table}{_notes(result)}"


def _about(part: Part, result: Mapping[str, Any]) -> str:
    machine = result["machine"]
    versions = [f"{label(server)} {version}" for server, version in result["versions"].items()]
    told = f" Versions: {', '.join(versions)}." if versions else ""
    cautions = " and ".join(_cautions(part, result))
    trial = f"**Of {cautions}: read it as a trial, not as a result.** " if cautions else ""
    return (
        f"{trial}{result['date']}, commit {result['commit']}; rounds: {result['rounds']}, "
        f"seconds of load in each: {result['seconds']:g}. "
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['kernel']}, "
        f"Python {machine['python']}; other work took {machine['busy']:g} % of it.{told}"
    )


def _cautions(part: Part, result: Mapping[str, Any]) -> list[str]:
    """What keeps these figures from being a result."""
    short = result["rounds"] < part.rounds(ROUNDS) or result["seconds"] < SECONDS
    busy = result["machine"]["busy"] > _QUIET
    return [*(["a short run"] if short else []), *(["a busy machine"] if busy else [])]


def _used(part: Part, result: Mapping[str, Any]) -> list[Column]:
    """The columns that some row has a figure for."""
    return [column for column in part.columns if any(column.measure in row for row in result["rows"].values())]


def _heads(part: Part, result: Mapping[str, Any]) -> Iterator[str]:
    for column in _used(part, result):
        yield f"{column.title}, {column.unit}" if column.unit else column.title
    if part.compared:
        yield "Quartet is"


def _rows(part: Part, result: Mapping[str, Any]) -> Iterator[list[str]]:
    rows, reasons = result["rows"], result["reasons"]
    width = len(list(_heads(part, result)))
    for row in [*rows, *(name for name in reasons if name not in rows)]:
        if row in rows:
            told = f" (later: {reasons[row]})" if row in reasons else ""
            yield [label(row) + told, *_cells(part, result, row)]
        else:
            yield [label(row), f"not measured: {_plain(reasons[row])}", *[""] * (width - 1)]


def _cells(part: Part, result: Mapping[str, Any], row: str) -> Iterator[str]:
    rows = result["rows"]
    for column in _used(part, result):
        values = rows[row].get(column.measure)
        yield _figure(spread(values), column.show) if values else _DASH
    if part.compared:
        ours, theirs = rows.get(quartets(row), {}).get(part.compared), rows[row].get(part.compared)
        yield f"{_figure(ratio(ours, theirs), _short)} ×" if ours and theirs else _DASH


def _notes(result: Mapping[str, Any]) -> str:
    servers = dict.fromkeys(row.rpartition("/")[2] for row in result["rows"])
    notes = [f"{BY_NAME[name].label}: {BY_NAME[name].note}." for name in servers if name in BY_NAME]
    return "\n" + " ".join(notes) + "\n" if notes else ""


def _figure(found: Spread, show: Any) -> str:
    if found.low == found.high:
        return str(show(found.median))
    return f"{show(found.median)} ({show(found.low)}{_DASH}{show(found.high)})"


def _short(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _plain(text: str) -> str:
    """What a cell of a table can hold."""
    return text.replace("|", "\\|").replace("\n", " ")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
