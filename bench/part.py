"""What a part of the benchmark is: rows measured in rounds, columns that show them, targets that judge them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.peers import LABELS, QUARTET

#: What a result should stand on. A shorter run says on the page that it is one.
ROUNDS, SECONDS = 5, 5.0

#: measure -> value, of one row in one round
Figures = dict[str, float]
#: One slice: starts what it measures, measures, ends it. Gives figures by row; raises Unavailable.
Slice = Callable[[], Mapping[str, Figures]]


@dataclass(frozen=True)
class Column:
    """A measure as the table shows it."""

    measure: str
    title: str
    unit: str = ""
    digits: int = 0

    def show(self, value: float) -> str:
        """The figure alone."""
        return f"{value:,.{self.digits}f}"


@dataclass(frozen=True)
class Target:
    """What a row's median must reach: `bound`, or `bound` times what row `other` has."""

    row: str
    measure: str
    bound: float
    at_least: bool
    other: str | None = None


@dataclass(frozen=True)
class Part:
    """`prose` says what is measured and holds no figures. `chart` is the measure that is drawn; `compared`, the one by
    which a row is set against Quartet's. A part that is not `served` asks no server and needs nothing
    installed for one."""

    name: str
    title: str
    prose: str
    columns: tuple[Column, ...]
    targets: tuple[Target, ...]
    slices: Callable[[float], dict[str, Slice]]  # takes the seconds to measure
    chart: str
    compared: str | None = None
    most_rounds: int = ROUNDS
    served: bool = True

    def rounds(self, wanted: int) -> int:
        """How many rounds this part makes of those wanted."""
        return min(wanted, self.most_rounds) if wanted <= ROUNDS else wanted

    def column(self, measure: str) -> Column:
        """The column of a measure."""
        return next(column for column in self.columns if column.measure == measure)


def label(row: str) -> str:
    """A row's name for people. Rows are called `server`, or `group/server`."""
    group, _, server = row.rpartition("/")
    told = LABELS.get(server, server)
    return f"{told} ({group})" if group else told


def quartets(row: str) -> str:
    """The row of Quartet that this one is set against."""
    group, slash, _ = row.rpartition("/")
    return f"{group}{slash}{QUARTET}"
