"""What a gateway writes to the metrics stream, checked."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from apps.monitoring.errors import MalformedEntry
from apps.monitoring.rules import WINDOW_SECONDS
from apps.monitoring.rules.counts import Counts, total

#: (start of the window in unix seconds, deployment, revision); deployment "" and revision 0 are the fleet.
WindowKey = tuple[int, str, int]

_LARGE = 2**53
_YEAR_2100 = 4_102_444_800
#: Names, error codes and bucket bounds are kept as keys of JSON in PostgreSQL, which takes no odd characters.
_Name = Annotated[str, Field(pattern=r"^[\w.-]{1,63}$")]
_Bound = Annotated[str, Field(pattern=r"^\d{1,12}(\.\d{1,12})?$")]
_Count = Annotated[int, Field(ge=0, le=_LARGE)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Row(_Strict):
    """What one revision answered."""

    deployment: _Name
    revision: int = Field(ge=0, le=2**31 - 1)
    requests: _Count
    errors: dict[_Name, _Count] = {}
    latency: dict[_Bound, _Count] = {}
    inputs: dict[_Name, _Count] = {}

    def counts(self) -> Counts:
        return Counts(self.requests, self.errors, self.latency, self.inputs)


class Entry(_Strict):
    """One gateway's account of the time up to `to` (unix seconds), its `seq`-th, counted from 1."""

    gateway: Annotated[str, Field(pattern=r"^[\w.:@-]{1,100}$")]
    seq: int = Field(ge=1, le=_LARGE)
    to: float = Field(gt=0, lt=_YEAR_2100)
    in_flight: int = Field(default=0, ge=0, le=2**31 - 1)
    dropped: _Count = 0
    rows: list[Row] = []

    @property
    def window(self) -> int:
        """Start of the window the entry counts in: that of its end, when its requests had been answered."""
        return int(self.to // WINDOW_SECONDS) * WINDOW_SECONDS


def parse(raw: bytes | str) -> Entry:
    """The entry in a stream's field; raises MalformedEntry saying what is wrong with it."""
    try:
        return Entry.model_validate_json(raw)
    except ValidationError as error:
        raise MalformedEntry(f"A metrics entry cannot be read: {error}") from error


def window_totals(entries: list[Entry]) -> dict[WindowKey, Counts]:
    """What the entries add to each window, the fleet's among them even where nothing was asked."""
    parts: dict[WindowKey, list[Counts]] = {}
    for entry in entries:
        fleet = parts.setdefault((entry.window, "", 0), [])
        for row in entry.rows:
            fleet.append(row.counts())
            parts.setdefault((entry.window, row.deployment, row.revision), []).append(row.counts())
    return {key: total(counts) for key, counts in parts.items()}
