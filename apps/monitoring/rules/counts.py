"""What was counted over some time, and how two counts make one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from apps.monitoring.rules.sketches import Buckets, Sketches, merged, sketches_merged

#: Names of sketches; those that end in a slash are followed by a step's or stage's name.
LATENCY, CONFIDENCE = "latency", "confidence"
STAGE, QUEUE, BATCH = "stage/", "queue/", "batch/"

#: Error codes that are the caller's fault: refusals, which say nothing about the service's own health.
REFUSALS = frozenset(
    {
        "bad_request",
        "bad_input",
        "bad_media",
        "bad_output",
        "body_too_large",
        "body_too_slow",
        "unsupported_encoding",
        "key_missing",
        "key_unknown",
        "key_revoked",
        "key_expired",
        "key_not_allowed",
        "model_unknown",
        "version_unknown",
        "path_unknown",
        "method_not_allowed",
        "managed_by_revisions",
        "request_finished",
        "request_cancelled",
        "request_unknown",
        "callback_unknown",
        "not_supported",
        "client_gone",
        "own_deadline_passed",
    }
)

#: Error codes that are the model's fault. Whatever is neither is the platform's.
MODEL_FAULTS = frozenset({"model_failed", "model_output_wrong", "model_crashed"})


@dataclass(frozen=True, slots=True)
class Counts:
    """Requests that ended, with their errors by code and inputs by name; samples and sketches of those answered.

    `heard` are the seconds in which a gateway was heard, of the fleet alone.
    """

    requests: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    inputs: Mapping[str, int] = field(default_factory=dict)
    samples: int = 0
    sketches: Sketches = field(default_factory=dict)
    heard: int = 0

    @property
    def refused(self) -> int:
        """Requests that failed by the caller's fault."""
        return sum(count for code, count in self.errors.items() if code in REFUSALS)

    @property
    def failed(self) -> int:
        """Requests that failed by the model's or the platform's fault."""
        return sum(self.errors.values()) - self.refused

    @property
    def latency(self) -> Buckets:
        """Milliseconds from the request's head to its answer, of answered requests."""
        return self.sketches.get(LATENCY, {})

    def of(self, kind: str) -> dict[str, Buckets]:
        """The sketches of one kind (STAGE, QUEUE, BATCH) by the name that follows."""
        return {name.removeprefix(kind): each for name, each in self.sketches.items() if name.startswith(kind)}


def total(counts: Iterable[Counts]) -> Counts:
    """The sum of all."""
    every = list(counts)
    return Counts(
        requests=sum(each.requests for each in every),
        errors=merged(each.errors for each in every),
        inputs=merged(each.inputs for each in every),
        samples=sum(each.samples for each in every),
        sketches=sketches_merged(each.sketches for each in every),
        heard=sum(each.heard for each in every),
    )


def merged_errors(counts: Iterable[Counts]) -> dict[str, int]:
    """Failures by the model's or the platform's fault, by code."""
    errors = merged(each.errors for each in counts)
    return {code: number for code, number in errors.items() if code not in REFUSALS}
