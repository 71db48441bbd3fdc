"""Which deployment a request may ask."""

from dataclasses import dataclass

from workers.serving import clock
from workers.serving.errors import KeyUnknown, ModelUnknown
from workers.serving.http.exchange import Head, Headers
from workers.serving.routing import DeploymentRoute, Key, RoutingTable, allow, identify, still_good


@dataclass(frozen=True, slots=True)
class _Admitted:
    """What a head led to by one table."""

    table: RoutingTable
    key: Key
    route: DeploymentRoute


def admit(table: RoutingTable, headers: Headers, name: str) -> DeploymentRoute:
    """The deployment, if the request's key opens it; raises the KeyMissing family or ModelUnknown.

    The key is looked at first, so that names cannot be guessed without one.
    """
    return opened(table, identify(table, secret(headers), clock.utc()), name)


def admit_head(table: RoutingTable, head: Head, name: str) -> DeploymentRoute:
    """The same for a whole head. What it led to is kept with it: the same head and the same table lead there again, for
    as long as the key is good."""
    before = head.note
    if isinstance(before, _Admitted) and before.table is table:
        if before.key.expires_at is not None:
            still_good(before.key, clock.utc())
        return before.route
    key = identify(table, secret(head.headers), clock.utc())
    route = opened(table, key, name)
    head.note = _Admitted(table, key, route)
    return route


def admit_again(table: RoutingTable, key_id: int, name: str) -> DeploymentRoute:
    """The same for a request that was kept: its key may have been closed since. Raises what `admit` raises."""
    key = next((each for each in table.keys.values() if each.id == key_id), None)
    if key is None:
        raise KeyUnknown
    return opened(table, still_good(key, clock.utc()), name)


def opened(table: RoutingTable, key: Key, name: str) -> DeploymentRoute:
    """The deployment, if the key opens it; raises ModelUnknown or KeyNotAllowed."""
    route = table.deployments.get(name)
    if route is None:
        raise ModelUnknown.named(name)
    allow(key, name)
    return route


def secret(headers: Headers) -> bytes | None:
    """The API key: `Authorization: Bearer <key>`, or `X-Api-Key: <key>`."""
    scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
    if scheme.lower() == b"bearer" and token:
        return token.strip()
    return headers.get(b"x-api-key")
