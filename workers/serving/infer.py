"""POST /v2/models/{deployment}/infer, and which deployment a key opens.

key -> deployment -> admission -> visit (body, stream, answer; see visit.py)
"""

from functools import partial

from workers.serving import names
from workers.serving.accounts import NO_REVISION
from workers.serving.admit import admit_again, admit_head
from workers.serving.errors import ServingError
from workers.serving.http.exchange import Exchange
from workers.serving.later.replay import Replay
from workers.serving.later.shelf import Order
from workers.serving.visit import Plane, Visit


class Inference:
    """The infer endpoint. Used from the event loop only."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def __call__(self, exchange: Exchange, name: str, version: str | None) -> None:
        """Take the request in. Raises the ServingError that refuses it at the head; all that happens is counted."""
        plane = self._plane
        table = plane.table()
        try:
            route = admit_head(table, exchange.head, name)
        except ServingError as error:
            plane.accounts.refused[error.code] += 1
            raise
        try:
            plane.admission.enter(name, route.max_in_flight)
        except ServingError as error:
            plane.accounts.failed((name, NO_REVISION), 0.0, error.code)
            raise
        Visit(plane, exchange, name, version, table, route, partial(admit_head, head=exchange.head, name=name)).open()

    def ask_again(self, order: Order, exchange: Replay, body: bytes) -> None:
        """Ask on behalf of a request that was kept, behind those whose callers wait. Raises the ServingError that
        refuses it.

        Its prediction is dated by when it was asked first: of a subject that was deleted since, nothing is recorded.
        """
        plane = self._plane
        open_to = partial(admit_again, key_id=order.key, name=order.deployment)
        table = plane.table()
        route = open_to(table)
        plane.admission.enter(order.deployment, route.max_in_flight)
        visit = Visit(
            plane,
            exchange,
            order.deployment,
            order.version,
            table,
            route,
            open_to,
            usual_priority=names.LOW,
            asked_at=order.created,
        )
        visit.open()
        if exchange.reader is not None:
            visit.data(body)
            visit.end()
