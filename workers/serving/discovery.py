"""GET under /v2/models: which deployments there are, what they take and give, and whether they are ready."""

from typing import Any

from workers.serving import clock
from workers.serving.accounts import Accounts, Place, Row
from workers.serving.admit import admit, secret
from workers.serving.errors import ModelUnknown, PathUnknown, VersionUnknown
from workers.serving.http.exchange import Headers
from workers.serving.http.response import Response, json_response
from workers.serving.oip import metadata
from workers.serving.routing import DeploymentRoute, RoutingTable, identify, opens


class Discovery:
    """The reading side of the protocol. Readiness is open; the rest shows a key's holder what the key opens."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def __call__(self, table: RoutingTable, headers: Headers, path: list[str]) -> Response:
        """Answer a path below /v2/models."""
        match path:
            case []:
                return _models(table, headers)
            case ["stats"]:
                return self._all_stats(table, headers)
            case [name, "versions", version, *rest]:
                return self._model(table, headers, name, version, rest)
            case [name, *rest]:
                return self._model(table, headers, name, None, rest)
        raise PathUnknown

    def server(self) -> Response:
        """GET /v2."""
        return json_response(metadata.SERVER)

    def _model(
        self, table: RoutingTable, headers: Headers, name: str, version: str | None, rest: list[str]
    ) -> Response:
        if rest == ["ready"]:
            return _ready(table, name, version)
        route = admit(table, headers, name)
        _check_version(route, version)
        match rest:
            case []:
                return json_response(metadata.model(name, route))
            case ["config"]:
                return json_response(metadata.config(name, route))
            case ["stats"]:
                return json_response({"model_stats": _stats(self._accounts.totals(), name, route, version)})
        raise PathUnknown

    def _all_stats(self, table: RoutingTable, headers: Headers) -> Response:
        key = identify(table, secret(headers), clock.utc())
        totals = self._accounts.totals()  # once: it goes through every row there is
        entries = [
            entry
            for name, route in table.deployments.items()
            if opens(key, name)
            for entry in _stats(totals, name, route, None)
        ]
        return json_response({"model_stats": entries})


def _models(table: RoutingTable, headers: Headers) -> Response:
    key = identify(table, secret(headers), clock.utc())
    return json_response({"models": [name for name in table.deployments if opens(key, name)]})


def _ready(table: RoutingTable, name: str, version: str | None) -> Response:
    route = table.deployments.get(name)
    if route is None:
        raise ModelUnknown.named(name)
    _check_version(route, version)
    # Without a version, ready is what takes requests: at no replicas they wait for the one that they wake.
    named = any(split.ready_replicas for split in route.splits if split.version == version)
    ready = route.ready and (version is None or named)
    return json_response({"name": name, "ready": ready}, 200 if ready else 503)


def _check_version(route: DeploymentRoute, version: str | None) -> None:
    if version is not None and all(split.version != version for split in route.splits):
        raise VersionUnknown(f"The deployment does not serve version {version[:40]}.")


def _stats(totals: dict[Place, Row], name: str, route: DeploymentRoute, version: str | None) -> list[dict[str, Any]]:
    entries = []
    for split in route.splits:
        row = totals.get((name, split.revision))
        if row is None or version not in (None, split.version):
            continue
        entries.append(metadata.statistics(name, split.version, row))
    return entries
