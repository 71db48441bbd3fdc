"""What a gateway writes to the metrics stream, checked."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from apps.monitoring.errors import MalformedEntry
from apps.monitoring.rules.counts import LATENCY, Counts, total

#: (start of the window in unix seconds, deployment, revision); deployment "" and revision 0 are the fleet.
WindowKey = tuple[int, str, int]

_LARGE = 2**53
_YEAR_2100 = 4_102_444_800
#: An entry without requests tells of up to five seconds before it; one that claims more was held up.
_TELLS_OF = 10
#: Names, error codes and steps are kept as keys of JSON in PostgreSQL, which takes no odd characters.
_Name = Annotated[str, Field(pattern=r"^[\w.-]{1,63}$")]
_Sketch = Annotated[str, Field(pattern=r"^(latency|confidence|(stage|queue|batch)/[\w.-]{1,63})$")]
#: From a billionth to more than a year in milliseconds.
_Bucket = Annotated[int, Field(ge=-1500, le=1500)]
_Count = Annotated[int, Field(ge=0, le=_LARGE)]
_Seconds = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class StageSums(_Strict):
    """What one stage took for answered requests: seconds waiting, seconds of the batches they were in, batches (each
    request counts its share), and the batches' seconds by step."""

    requests: _Count = 0
    queued: _Seconds = 0
    busy: _Seconds = 0
    batches: _Seconds = 0
    steps: dict[_Name, _Seconds] = {}


class Row(_Strict):
    """What one revision answered."""

    deployment: _Name
    revision: int = Field(ge=0, le=2**31 - 1)
    requests: _Count
    errors: dict[_Name, _Count] = {}
    inputs: dict[_Name, _Count] = {}
    samples: _Count = 0
    seconds: _Seconds = 0
    sketches: dict[_Sketch, dict[_Bucket, _Count]] = {}
    stages: dict[_Name, StageSums] = {}

    def counts(self) -> Counts:
        return Counts(self.requests, self.errors, self.inputs, self.samples, self.sketches)

    def fleet_counts(self) -> Counts:
        """What the fleet's sum takes of it: stages of different deployments have nothing in common."""
        latency = {name: each for name, each in self.sketches.items() if name == LATENCY}
        return Counts(self.requests, self.errors, samples=self.samples, sketches=latency)


class Entry(_Strict):
    """One gateway's account of the time up to `to` (unix seconds), its `seq`-th, counted from 1."""

    gateway: Annotated[str, Field(pattern=r"^[\w.:@-]{1,100}$")]
    seq: int = Field(ge=1, le=_LARGE)
    begin: float | None = Field(default=None, alias="from", gt=0, lt=_YEAR_2100)
    to: float = Field(gt=0, lt=_YEAR_2100)
    at: int | None = Field(default=None, alias="second", gt=0, lt=_YEAR_2100)
    in_flight: int = Field(default=0, ge=0, le=2**31 - 1)
    dropped: _Count = 0
    rows: list[Row] = []

    @property
    def second(self) -> int:
        """The window its requests count in: the second that the gateway says, or else that of its end."""
        return int(self.to) if self.at is None else self.at

    @property
    def heard(self) -> range:
        """The seconds of which it tells, those without a request too."""
        begin = self.second if self.begin is None else int(self.begin)
        return range(max(min(begin, self.second), self.second - _TELLS_OF + 1), self.second + 1)


def parse(raw: bytes | str) -> Entry:
    """The entry in a stream's field; raises MalformedEntry saying what is wrong with it."""
    try:
        return Entry.model_validate_json(raw)
    except ValidationError as error:
        raise MalformedEntry(f"A metrics entry cannot be read: {error}") from error


def window_totals(entries: Iterable[Entry]) -> dict[WindowKey, Counts]:
    """What the entries add to each second, the fleet's among them even where nothing was asked."""
    parts: dict[WindowKey, list[Counts]] = {}
    for entry in entries:
        for second in entry.heard:
            parts.setdefault((second, "", 0), [])
        fleet = parts[entry.second, "", 0]
        for row in entry.rows:
            fleet.append(row.fleet_counts())
            parts.setdefault((entry.second, row.deployment, row.revision), []).append(row.counts())
    heard = Counts(heard=1)
    return {key: total([heard, *counts] if key[1] == "" else counts) for key, counts in parts.items()}


def rolled(totals: Mapping[WindowKey, Counts], step: int) -> dict[WindowKey, Counts]:
    """The same counts in windows of `step` seconds."""
    parts: dict[WindowKey, list[Counts]] = {}
    for (start, deployment, revision), counts in totals.items():
        parts.setdefault((start // step * step, deployment, revision), []).append(counts)
    return {key: total(counts) for key, counts in parts.items()}
