"""Which deployment a request may ask."""

from datetime import UTC, datetime

from workers.serving.errors import ModelUnknown
from workers.serving.http.exchange import Headers
from workers.serving.routing import DeploymentRoute, RoutingTable, allow, identify


def admit(table: RoutingTable, headers: Headers, name: str) -> DeploymentRoute:
    """The deployment, if the request's key opens it; raises the KeyMissing family or ModelUnknown.

    The key is looked at first, so that names cannot be guessed without one.
    """
    key = identify(table, secret(headers), datetime.now(UTC))
    route = table.deployments.get(name)
    if route is None:
        raise ModelUnknown(f"There is no deployment '{name[:100]}'.")
    allow(key, name)
    return route


def secret(headers: Headers) -> bytes | None:
    """The API key: `Authorization: Bearer <key>`, or `X-Api-Key: <key>`."""
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer" and token:
        return token.strip()
    return headers.get(b"x-api-key")
