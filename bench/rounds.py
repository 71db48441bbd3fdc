"""Runs the slices of a part, round after round. One server at a time is up, and only while its slice lasts."""

import time
from collections.abc import Callable, Mapping

from bench.errors import reason
from bench.part import Slice
from bench.processes import end_leftovers
from bench.statistics import turn

Values = dict[str, dict[str, list[float]]]


def run(
    slices: Mapping[str, Slice], rounds: int, known: Mapping[str, str], say: Callable[[str], None]
) -> tuple[Values, dict[str, str]]:
    """What was measured (row -> measure -> a value a round), and why other slices were not.

    `known` holds the reasons of slices that cannot be measured. One that failed once is left out of the rounds that
    follow, too: they would cost its patience again.
    """
    values: Values = {}
    reasons = dict(known)
    for number in range(rounds):
        for name in turn(list(slices), number):
            if name not in reasons:
                say(f"round {number + 1} of {rounds}, {name}")
                _slice(name, slices[name], values, reasons, say)
    return values, reasons


def _slice(name: str, measure: Slice, values: Values, reasons: dict[str, str], say: Callable[[str], None]) -> None:
    began = time.monotonic()
    try:
        found = measure()
    except Exception as error:  # whatever it is, the other servers are measured and this one is told
        reasons[name] = reason(error)
        say(f"  {name}: {reasons[name]}")
        return
    finally:
        end_leftovers()
    for row, figures in found.items():
        for measured, value in figures.items():
            values.setdefault(row, {}).setdefault(measured, []).append(value)
        told = ", ".join(f"{measured} {value:,.2f}" for measured, value in figures.items())
        say(f"  {row}: {told} ({time.monotonic() - began:.0f} s)")
