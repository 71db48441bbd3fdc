"""POST /v2/models/{deployment}/infer, and which deployment a key opens.

key -> deployment -> admission -> visit (body, stream, answer; see visit.py)
"""

from workers.serving.accounts import NO_REVISION
from workers.serving.admit import admit
from workers.serving.errors import ServingError
from workers.serving.http.exchange import Exchange
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
            route = admit(table, exchange.headers, name)
        except ServingError as error:
            plane.accounts.refused[error.code] += 1
            raise
        try:
            plane.admission.enter(name, route.max_in_flight)
        except ServingError as error:
            plane.accounts.failed((name, NO_REVISION), 0.0, error.code)
            raise
        Visit(plane, exchange, name, version, table, route).open()
