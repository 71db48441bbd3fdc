"""What a gateway does for the record of a prediction: what it says of the request, and whose inputs are kept.

The record itself is written by the replica that answers (job.py). Only what no replica can tell is told from here: that
the time ran out, or that there was no queue.
"""

from workers.serving import clock, muting, record
from workers.serving.errors import BadRequest, ClientGone, ServingError
from workers.serving.http.exchange import Headers
from workers.serving.oip.request import InferRequest
from workers.serving.record import Asked, Kept, Record
from workers.serving.routing import DeploymentRoute, Split
from workers.serving.spool import Spool
from workers.serving.submit import Dispatcher

#: Whom a request is about.
SUBJECT = b"x-quartet-subject"
_SUBJECT_LENGTH = 200

#: An id's last four bytes are random: the share of ids below a bound is the bound's share of this.
_CHANCES = 1 << 32


def asked(
    route: DeploymentRoute,
    split: Split,
    deployment: str,
    request: InferRequest,
    headers: Headers,
    received: float,
    asked_at: float,
) -> Asked:
    """What replicas are told for the record, with a new id of `asked_at`. Raises BadRequest.

    Both are unix seconds; they differ for a request that was kept, whose latency is that of its last replay.
    """
    brought = request.input_names
    whole = len(brought) == len(route.inputs)
    missing = () if whole else tuple([name for name in route.senses if name not in brought])
    muted = muting.brought(route, brought) if route.muted else ()
    return Asked(
        record.new_id(asked_at),
        received,
        deployment,
        split.revision,
        split.version,
        len(request.samples),
        brought,
        missing,
        split.record.below_confidence,
        _subject(headers) if SUBJECT in headers else "",
        muted,
        bool(muted) and muting.are_used(route, brought),
    )


def keeps(split: Split, said: Asked) -> bool:
    """Whether the inputs are kept whatever the answer is."""
    policy = split.record
    if said.missing and policy.on_missing:
        return True
    return int.from_bytes(said.id[12:], "big") < policy.rate * _CHANCES


def _subject(headers: Headers) -> str:
    text = headers[SUBJECT].decode("latin-1")
    if len(text) > _SUBJECT_LENGTH or not (text.isascii() and text.isprintable()):
        raise BadRequest(f"X-Quartet-Subject must be at most {_SUBJECT_LENGTH} printable ASCII characters.")
    return text


class Recorder:
    """A gateway's way to both streams. What it sends is lost with the connection: nobody waits for it."""

    def __init__(self, dispatcher: Dispatcher, records: Spool, kept: Spool) -> None:
        self._dispatcher = dispatcher
        self._records = records
        self._kept = kept

    def look(self) -> None:
        """Ask how full the streams are."""
        for spool in (self._records, self._kept):
            self._dispatcher.ask(spool.ask, spool.learn)

    def failed(self, said: Asked, error: ServingError) -> None:
        """Record an error that no replica knows of. One whose caller has left answers nobody."""
        if isinstance(error, ClientGone):
            return
        latency = max(0.0, clock.now() - said.received)
        raw = record.encode_records([Record(said, error.code, latency, 0.0)])
        self._dispatcher.errand(*self._records.put(raw, int(said.mirrored is None)))

    def keep(self, said: Asked, request: InferRequest, route: DeploymentRoute) -> None:
        """Have the inputs kept."""
        modalities = {spec.name: spec.modality for spec in route.inputs}
        kept = Kept(said.id, said.deployment, said.subject, request.samples, modalities)
        self._dispatcher.errand(*self._kept.put(record.encode_kept(kept), 1))
