"""What happened to requests, counted once each: the source of both the metrics stream and Prometheus.

What stages took is counted here, from the trail of the answer that its caller got, and not where it was taken: a
request that two replicas computed, as the first of them died, is answered once and so counted once.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from workers.serving import clock, sketch
from workers.serving.sketch import Buckets
from workers.serving.wire import Stop

#: Revision of a row whose requests failed before a revision was chosen (a malformed body, too many in flight).
NO_REVISION = 0

#: Deployment and revision.
Place = tuple[str, int]


@dataclass(slots=True)
class StageRow:
    """What one stage took for the answered requests of a row. The last three are of a window and in no total."""

    requests: int = 0
    queued_seconds: float = 0.0
    busy_seconds: float = 0.0
    batches: float = 0.0  # each request counts its share of the batch it was in
    steps: dict[str, float] = field(default_factory=dict)  # seconds by step, where a stage hosts several
    queue: Buckets = field(default_factory=dict)  # ms
    sizes: dict[int, int] = field(default_factory=dict)  # requests by the size of their batch, in samples
    spans: dict[str, Buckets] = field(default_factory=dict)  # ms by step

    def note(self, stop: Stop, samples: int) -> None:
        """One request more."""
        batch, steps, spans = stop.batch, self.steps, self.spans
        self.requests += 1
        self.queued_seconds += stop.queued
        self.busy_seconds += stop.busy
        self.batches += samples / max(1, batch)
        sketch.note(self.queue, stop.queued * 1000)
        self.sizes[batch] = self.sizes.get(batch, 0) + 1
        # What is told in parts has no steps: they take turns.
        for step, seconds in (stop.steps or {stop.stage: stop.busy}).items():
            steps[step] = steps.get(step, 0.0) + seconds
            span = spans.get(step)
            if span is None:
                span = spans[step] = {}
            sketch.note(span, seconds * 1000)

    def add(self, other: "StageRow") -> None:
        """Count another row's requests here too."""
        self.requests += other.requests
        self.queued_seconds += other.queued_seconds
        self.busy_seconds += other.busy_seconds
        self.batches += other.batches
        for step, seconds in other.steps.items():
            self.steps[step] = self.steps.get(step, 0.0) + seconds


@dataclass(slots=True)
class Row:
    """Counts of one deployment's revision."""

    requests: int = 0
    errors: Counter[str] = field(default_factory=Counter)  # by code
    latency: Buckets = field(default_factory=dict)  # ms, of answered requests
    confidence: Buckets = field(default_factory=dict)  # of answered samples; of a window and in no total
    inputs: Counter[str] = field(default_factory=Counter)  # requests that carried this input
    muted: Counter[str] = field(default_factory=Counter)  # requests that carried it while it was muted
    good_seconds: float = 0.0
    bad_seconds: float = 0.0
    samples: int = 0  # of answered requests
    last_ms: int = 0  # unix milliseconds of the last answer
    stages: dict[str, "StageRow"] = field(default_factory=dict)

    def add(self, other: "Row") -> None:
        """Count another row's requests here too."""
        self.requests += other.requests
        self.errors += other.errors
        sketch.add(self.latency, other.latency)
        self.inputs += other.inputs
        self.muted += other.muted
        self.good_seconds += other.good_seconds
        self.bad_seconds += other.bad_seconds
        self.samples += other.samples
        self.last_ms = max(self.last_ms, other.last_ms)
        for stage, row in other.stages.items():
            self.stages.setdefault(stage, StageRow()).add(row)


class Accounts:
    """Rows of the current window, and of everything before it. Used from the event loop only."""

    def __init__(self) -> None:
        self.window: dict[Place, Row] = {}
        self.refused: Counter[str] = Counter()  # by code, before a deployment was found; names there are anyone's guess
        self._closed: dict[Place, Row] = {}

    def answered(
        self,
        place: Place,
        seconds: float,
        inputs: tuple[str, ...],
        samples: int = 1,
        trail: tuple[Stop, ...] = (),
        muted: tuple[str, ...] = (),
        confidences: Iterable[float | None] = (),
    ) -> None:
        """A request was answered with its outputs; `trail` are the stages it passed, `muted` those of its inputs that
        are muted."""
        row = self._row(place)
        row.requests += 1
        row.good_seconds += seconds
        sketch.note(row.latency, seconds * 1000)
        for confidence in confidences:
            if confidence is not None:
                sketch.note(row.confidence, confidence)
        for name in inputs:
            row.inputs[name] += 1
        for name in muted:
            row.muted[name] += 1
        row.samples += samples
        row.last_ms = int(clock.now() * 1000)
        for stop in trail:
            stage = row.stages.get(stop.stage)
            if stage is None:
                stage = row.stages[stop.stage] = StageRow()
            stage.note(stop, samples)

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
