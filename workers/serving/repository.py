"""Triton's model repository extension, as a control plane answers it.

The index tells what there is. To load is to ask for what a live deployment has already done; to unload, or to load what
is not live, is a change, and changes go through revisions that somebody else approves.
"""

from collections.abc import Callable
from typing import Any

import orjson

from workers.serving import clock
from workers.serving.admit import admit, secret
from workers.serving.errors import BadRequest, ManagedByRevisions, PathUnknown
from workers.serving.http.exchange import Exchange, Headers
from workers.serving.http.response import Response, json_response
from workers.serving.routing import DeploymentRoute, RoutingTable, identify, opens

#: Bytes that a request to the index may have; it holds one flag.
BODY_LIMIT = 4096


def index(table: RoutingTable, headers: Headers, body: bytes) -> Response:
    """POST /v2/repository/index: every version that the key opens, or with `{"ready": true}` the ready ones."""
    key = identify(table, secret(headers), clock.utc())
    only_ready = _only_ready(body)
    entries = [
        entry
        for name, route in table.deployments.items()
        if opens(key, name)
        for entry in _entries(name, route)
        if entry["state"] == "READY" or not only_ready
    ]
    return json_response(entries)


def change(table: RoutingTable, headers: Headers, name: str, verb: str) -> Response:
    """POST /v2/repository/models/{name}/load or unload. Raises ManagedByRevisions for what would change anything."""
    if verb not in ("load", "unload"):
        raise PathUnknown
    route = admit(table, headers, name)
    if verb == "load" and route.ready:
        return Response(200, b"")
    raise ManagedByRevisions(f"The deployment '{name}' is not {verb}ed by its clients.")


def _only_ready(body: bytes) -> bool:
    try:
        document = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not valid JSON: {error}.") from None
    if not isinstance(document, dict) or not isinstance(document.get("ready", False), bool):
        raise BadRequest("The body must be a JSON object; its `ready`, if given, is true or false.")
    return bool(document.get("ready", False))


def _entries(name: str, route: DeploymentRoute) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "version": split.version,
            "state": "READY" if route.ready else "UNAVAILABLE",
            "reason": "" if route.ready else "It has no replica yet.",
        }
        for split in route.splits
    ]


class SmallBody:
    """Reads a body that may only be small, and answers with what `answer` makes of it."""

    def __init__(self, exchange: Exchange, answer: Callable[[bytes], Response]) -> None:
        self._exchange = exchange
        self._answer = answer
        self._body = b""

    def data(self, chunk: bytes) -> None:
        """The next piece; raises BadRequest when it is too much."""
        self._body += chunk
        if len(self._body) > BODY_LIMIT:
            raise BadRequest(f"The body may have {BODY_LIMIT} bytes.")

    def end(self) -> None:
        """The body is whole."""
        self._exchange.respond(self._answer(self._body))

    def gone(self) -> None:
        """Nothing is held for it."""
