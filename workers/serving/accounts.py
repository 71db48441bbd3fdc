"""What happened to requests, counted once each: the source of both the metrics stream and Prometheus."""

from collections import Counter
from dataclasses import dataclass, field

from workers.serving import histogram

#: Revision of a row whose requests failed before a revision was chosen (a malformed body, too many in flight).
NO_REVISION = 0

#: Deployment and revision.
Place = tuple[str, int]


@dataclass(slots=True)
class Row:
    """Counts of one deployment's revision."""

    requests: int = 0
    errors: Counter[str] = field(default_factory=Counter)  # by code
    latency: Counter[str] = field(default_factory=Counter)  # by upper bound in ms, of answered requests
    inputs: Counter[str] = field(default_factory=Counter)  # requests that carried this input
    good_seconds: float = 0.0
    bad_seconds: float = 0.0

    def add(self, other: "Row") -> None:
        """Count another row's requests here too."""
        self.requests += other.requests
        self.errors += other.errors
        self.latency += other.latency
        self.inputs += other.inputs
        self.good_seconds += other.good_seconds
        self.bad_seconds += other.bad_seconds


class Accounts:
    """Rows of the current window, and of everything before it. Used from the event loop only."""

    def __init__(self) -> None:
        self.window: dict[Place, Row] = {}
        self.refused: Counter[str] = Counter()  # by code, before a deployment was found; names there are anyone's guess
        self._closed: dict[Place, Row] = {}

    def answered(self, place: Place, seconds: float, inputs: tuple[str, ...]) -> None:
        """A request was answered with its outputs."""
        row = self._row(place)
        row.requests += 1
        row.good_seconds += seconds
        row.latency[histogram.label(seconds)] += 1
        for name in inputs:
            row.inputs[name] += 1

    def failed(self, place: Place, seconds: float, code: str) -> None:
        """A request was answered with an error."""
        row = self._row(place)
        row.requests += 1
        row.bad_seconds += seconds
        row.errors[code] += 1

    def close_window(self) -> dict[Place, Row]:
        """The rows since the last call; they stay in the totals."""
        window, self.window = self.window, {}
        self._merge(self._closed, window)
        return window

    def totals(self) -> dict[Place, Row]:
        """Everything since the gateway began."""
        totals: dict[Place, Row] = {}
        self._merge(totals, self._closed)
        self._merge(totals, self.window)
        return totals

    def _row(self, place: Place) -> Row:
        row = self.window.get(place)
        if row is None:
            row = self.window[place] = Row()
        return row

    @staticmethod
    def _merge(into: dict[Place, Row], rows: dict[Place, Row]) -> None:
        for place, row in rows.items():
            into.setdefault(place, Row()).add(row)
