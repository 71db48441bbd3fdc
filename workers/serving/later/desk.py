"""`/v2/requests/{id}`: how a request stands that is answered later, its answer, and giving it up.

Whoever holds the key it was sent with may ask; to anyone else there is no such request.
"""

import time
from collections.abc import Callable
from typing import Any

from workers.serving import clock, routing
from workers.serving.admit import secret
from workers.serving.errors import (
    MethodNotAllowed,
    PathUnknown,
    QueueAway,
    RequestCancelled,
    RequestFinished,
    RequestUnknown,
    ServingError,
)
from workers.serving.http.exchange import Exchange
from workers.serving.http.response import Header, Response, error_response, json_response
from workers.serving.later import news, shelf
from workers.serving.later.shelf import Standing
from workers.serving.routing import RoutingTable
from workers.serving.submit import Dispatcher
from workers.serving.valkey.address import Command

#: Seconds that Valkey has to answer.
PATIENCE = 5.0

_AGAIN: Header = (b"retry-after", b"1")


class Desk:
    """Used from the event loop only."""

    def __init__(self, dispatcher: Dispatcher, table: Callable[[], RoutingTable]) -> None:
        self._dispatcher = dispatcher
        self._table = table

    def __call__(self, exchange: Exchange, identifier: str, rest: tuple[str, ...]) -> None:
        """Answer now or as soon as Valkey has. Raises what refuses the request."""
        if rest not in ((), ("result",)):
            raise PathUnknown
        key = routing.identify(self._table(), secret(exchange.headers), clock.utc())
        if exchange.method == "DELETE" and not rest:
            self._stand(exchange, key.id, identifier, lambda found: self._give_up(exchange, identifier, found))
        elif exchange.method in ("GET", "HEAD"):
            tell = self._result if rest else _standing
            self._stand(exchange, key.id, identifier, lambda found: tell(exchange, identifier, found))
        else:
            allowed = "GET, HEAD" if rest else "GET, HEAD, DELETE"
            raise MethodNotAllowed(f"This address takes {allowed}, not {exchange.method}.", allowed)

    def _stand(self, exchange: Exchange, key: int, identifier: str, then: Callable[[Standing], None]) -> None:
        def look(fields: Any) -> None:
            found = shelf.standing(fields)
            if found is None or found.order.key != key:
                raise RequestUnknown
            then(found)

        self._ask(exchange, shelf.look(identifier), look)

    def _result(self, exchange: Exchange, identifier: str, found: Standing) -> None:
        if found.state == shelf.CANCELLED:
            raise RequestCancelled
        answer = found.answer
        if answer is None:
            exchange.respond(Response(202, _told(identifier, found).body, [*_JSON, _AGAIN]))
            return
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]

        def send(body: Any) -> None:
            exchange.respond(Response(answer.status, body or b"", headers))

        self._ask(exchange, shelf.result(identifier), send)

    def _give_up(self, exchange: Exchange, identifier: str, found: Standing) -> None:
        if found.state in (shelf.DONE, shelf.FAILED):
            raise RequestFinished

        def given_up(state: Any) -> None:
            if isinstance(state, bytes) and state.decode() in (shelf.DONE, shelf.FAILED):
                raise RequestFinished
            exchange.respond(_told(identifier, Standing(shelf.CANCELLED, found.order, None)))

        told = news.cancelled(identifier, found.order, clock.now())
        self._ask(exchange, shelf.cancel(identifier, told), given_up)

    def _ask(self, exchange: Exchange, command: Command, then: Callable[[Any], None]) -> None:
        """Ask Valkey; `then` may raise the ServingError to answer with."""
        timer = self._dispatcher.loop.call_later(PATIENCE, lambda: exchange.respond(error_response(QueueAway())))

        def answered(reply: Any) -> None:
            timer.cancel()
            try:
                if isinstance(reply, Exception):
                    raise QueueAway
                then(reply)
            except ServingError as error:
                exchange.respond(error_response(error))

        if not self._dispatcher.ask(command, answered):
            timer.cancel()
            raise QueueAway


_JSON: list[Header] = [(b"content-type", b"application/json")]


def _standing(exchange: Exchange, identifier: str, found: Standing) -> None:
    exchange.respond(_told(identifier, found))


def accepted(identifier: str, order: shelf.Order) -> Response:
    """202: the request is kept and will be answered."""
    response = _told(identifier, Standing(shelf.WAITING, order, None))
    location = f"/v2/requests/{identifier}".encode()
    applied: Header = (b"preference-applied", b"respond-async")
    return Response(202, response.body, [*response.headers, (b"location", location), applied, _AGAIN])


def _told(identifier: str, found: Standing) -> Response:
    told = {
        "id": identifier,
        "state": found.state,
        "model_name": found.order.deployment,
        "created": _time(found.order.created),
        "deadline": _time(found.order.deadline),
        "finished": _time(found.answer.finished) if found.answer else None,
        "status": found.answer.status if found.answer else None,
        "result": f"/v2/requests/{identifier}/result",
    }
    return json_response(told)


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
