"""One request in a replica's hands: from a stream's entry to what is to be sent for it."""

import logging
from collections.abc import Sequence

import msgspec

from workers.serving import clock, names, values, wire
from workers.serving.errors import DeadlinePassed, ModelCrashed, ModelOutputWrong, ServingError
from workers.serving.pipeline import Outcome
from workers.serving.record import Asked, Reading, Record, unsure
from workers.serving.stage_stream import MAX_DELIVERIES, Entry, Finished, Onward
from workers.serving.tensors import Sample

log = logging.getLogger(__name__)


class Job(msgspec.Struct, frozen=True):
    """An entry with what it says; `flaw` is why its parts do not make one request."""

    entry: Entry
    message: wire.Message
    flaw: ServingError | None = None


def opened(entry: Entry, finished: list[Finished]) -> Job | None:
    """The job; or None when the entry is no request, and then it is struck off."""
    try:
        parts = [wire.decode_message(raw) for raw in entry.parts]
    except wire.BadMessage as error:
        parts = []
        log.error("entry %r of the stream is no request: %s", entry.id, error)
    if not parts:  # nobody to answer
        finished.append(Finished(entry))
        return None
    return Job(entry, parts[0]) if len(parts) == 1 else _joined(entry, parts)


def _joined(entry: Entry, parts: list[wire.Message]) -> Job:
    """What several stages gave for one request, as one message."""
    first = parts[0]
    samples = [values.joined(each) for each in zip(*(part.samples for part in parts), strict=True)]
    flaw = next((each for each in samples if isinstance(each, ServingError)), None)
    stops = {stop.stage: stop for part in parts for stop in part.trail}
    message = wire.replaced(first, samples=[] if flaw else samples, trail=tuple(stops.values()))
    return Job(entry, message, flaw)


def refused(job: Job, finished: list[Finished]) -> bool:
    """Whether the message is answered without the model seeing it."""
    if job.message.deadline <= clock.now():
        error: ServingError = DeadlinePassed("The time limit passed before a replica was free to take the request.")
    elif job.entry.deliveries >= MAX_DELIVERIES:
        log.error("a request was delivered %d times without an answer; giving it up", job.entry.deliveries)
        error = ModelCrashed()
    elif job.flaw:
        error = job.flaw
    else:
        return False
    finished.append(failed(job, error))
    return True


def answer(job: Job, outcomes: list[Outcome], stop: wire.Stop, reading: Reading) -> Finished:
    """What is sent for a job whose samples came to these outcomes."""
    samples: list[Sample] = []
    for place, outcome in enumerate(outcomes):
        if isinstance(outcome, ServingError):
            where = f"Sample {place}: " if len(outcomes) > 1 else ""
            return failed(job, type(outcome)(f"{where}{outcome}"))
        samples.append(outcome)
    try:
        return _handed_on(job, samples, (*job.message.trail, stop), reading)
    except wire.MessageTooLarge as error:
        return failed(job, ModelOutputWrong(f"What the model gives is too large: {error}."))


def failed(job: Job, error: ServingError) -> Finished:
    """The error as the job's answer."""
    reply = wire.Reply(job.message.id, [], error.code, str(error), trail=job.message.trail)
    return Finished(
        job.entry,
        wire.encode_reply(reply),
        job.message.gateway,
        record=_recorded(job.message.asked, job.message.trail, error.code),
    )


def so_far(job: Job, sample: Sample, part: int) -> Finished:
    """What is known so far as news for the job's caller, counted from 1; the job goes on."""
    reply = wire.Reply(job.message.id, [sample], part=part)
    return Finished(None, wire.encode_reply(reply), job.message.gateway)


def _handed_on(job: Job, samples: list[Sample], trail: tuple[wire.Stop, ...], reading: Reading) -> Finished:
    message = job.message
    onward = message.plan[message.at].then if message.plan else ()
    if not onward:
        return _answered(job, samples, trail, reading)
    now = clock.now()
    messages = [wire.replaced(message, samples=samples, at=at, sent=now, trail=trail) for at in onward]
    return Finished(job.entry, onward=tuple(_onward(each, sender=message.at) for each in messages))


def _answered(job: Job, samples: list[Sample], trail: tuple[wire.Stop, ...], reading: Reading) -> Finished:
    message = job.message
    asked = message.asked
    if asked is None:
        return Finished(job.entry, wire.encode_reply(wire.Reply(message.id, samples, trail=trail)), message.gateway)
    confidences = reading.confidences(samples)
    if asked.mirrored is not None:  # nobody is given the answer: its record says all
        record = _recorded(asked, trail, "", reading.labels(samples), confidences)
        return Finished(job.entry, wire.encode_reply(wire.Reply(message.id, [])), message.gateway, (), record)
    keep = unsure(confidences, asked.below)
    reply = wire.Reply(message.id, samples, trail=trail, keep=keep, confidences=tuple(confidences))
    record = _recorded(asked, trail, "", reading.labels(samples), confidences)
    return Finished(job.entry, wire.encode_reply(reply), message.gateway, (), record)


def _recorded(
    asked: Asked | None,
    trail: tuple[wire.Stop, ...],
    error: str,
    labels: Sequence[str] = (),
    confidences: Sequence[float | None] = (),
) -> Record | None:
    """What is recorded of a request that ends here; clocks of two machines may differ by more than it took."""
    if asked is None:
        return None
    queued = trail[0].queued if len(trail) == 1 else sum([stop.queued for stop in trail])
    took = clock.now() - asked.received if asked.mirrored is None else wire.busy(trail)
    return Record(asked, error, max(0.0, took), queued, labels, confidences)


def _onward(message: wire.Message, sender: int) -> Onward:
    hop = message.plan[message.at]
    return Onward(
        stream=names.sister(hop.stream, message.priority),
        raw=wire.encode_message(message),
        samples=len(message.samples),
        join_key=names.join_key(message.gateway, message.id, message.at),
        part=str(sender),
        joins=hop.joins,
        keep_ms=max(1000, int((message.deadline - message.sent) * 1000) + 1000),
    )
