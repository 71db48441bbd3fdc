"""The RoutingSnapshot: everything the gateway decides by, immutable and numbered. Pure: no IO, no clock."""

import hashlib
from datetime import datetime
from functools import cached_property
from typing import Annotated

import msgspec

from workers.serving import errors, names, wire

INFER_SCOPE = "infer"


class InputSpec(msgspec.Struct, frozen=True):
    """One input as the manifest declares it; `shape` leads with -1, the sample count."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    modality: str = "tensor"
    required: bool = True
    media_types: tuple[str, ...] = ()
    max_pixels: int | None = None
    sample_rate: int | None = None
    max_seconds: float | None = None
    max_characters: int | None = None
    max_frames: int | None = None
    frames_per_second: float | None = None


class OutputSpec(msgspec.Struct, frozen=True):
    """One output as the manifest declares it; `shape` leads with -1, the sample count."""

    name: str
    datatype: str
    shape: tuple[int, ...]


class Hop(msgspec.Struct, frozen=True):
    """One stage on a request's way, as published; see wire.Hop."""

    stage: str
    stream: str
    then: tuple[int, ...] = ()
    joins: int = 0


class Recording(msgspec.Struct, frozen=True):
    """Whose inputs are kept: a share of all, what failed, what the model was less sure of, what lacked an input."""

    rate: float = 0.01
    below_confidence: float = 0.5
    on_error: bool = True
    on_missing: bool = True


class Split(msgspec.Struct, frozen=True):
    """A revision's share of a deployment's traffic and the stages a request to it passes, in topological order."""

    revision: int
    version: str
    weight: int
    path: tuple[Hop, ...]
    ready_replicas: int = 0
    record: Recording = Recording()

    @property
    def plan(self) -> tuple[wire.Hop, ...]:
        """The way as messages carry it."""
        return _plan(self.path)


def _plan(path: tuple[Hop, ...]) -> tuple[wire.Hop, ...]:
    return tuple(wire.Hop(hop.stage, hop.stream, hop.then, hop.joins) for hop in path)


class Shadow(msgspec.Struct, frozen=True, dict=True):
    """A revision that is asked `share` per cent of what was answered, again, and answers nobody; see mirrors.py."""

    revision: int
    version: str
    share: Annotated[int, msgspec.Meta(ge=0, le=100)]
    path: tuple[Hop, ...]

    @cached_property
    def plan(self) -> tuple[wire.Hop, ...]:
        """As a split's; empty where there is but one stage."""
        return _plan(self.path) if len(self.path) > 1 else ()

    @cached_property
    def streams(self) -> frozenset[str]:
        """Those that its requests wait in."""
        return frozenset(hop.stream for hop in self.path)


class DeploymentRoute(msgspec.Struct, frozen=True, dict=True):
    """How one deployment is served."""

    model: str
    ready: bool
    inputs: tuple[InputSpec, ...]
    outputs: tuple[OutputSpec, ...]
    splits: tuple[Split, ...]
    require_any: tuple[str, ...] = ()
    timeout_ms: int = 30_000
    max_in_flight: int = 256
    muted: tuple[str, ...] = ()  # inputs that are left out of what the model is given; see muting.py
    shadow: Shadow | None = None

    @cached_property
    def input_names(self) -> tuple[str, ...]:
        """All declared inputs."""
        return tuple(spec.name for spec in self.inputs)

    @cached_property
    def senses(self) -> tuple[str, ...]:
        """Inputs without which something is missing: all but numbers that a request need not bring."""
        return tuple(spec.name for spec in self.inputs if spec.modality != "tensor" or spec.name in self.require_any)

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        """All declared outputs."""
        return tuple(spec.name for spec in self.outputs)


class Key(msgspec.Struct, frozen=True):
    """An API key's rights, found by the sha256 of the whole key; `deployments` empty means all.

    `callbacks` are the webhook endpoints of the key's owner, by name: only those may be told of its requests.
    """

    id: int
    hash: str
    scopes: tuple[str, ...]
    deployments: tuple[str, ...] = ()
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    revoked: bool = False
    callbacks: dict[str, int] = {}


class RoutingSnapshot(msgspec.Struct, frozen=True):
    """As published: see `parse`."""

    number: int
    keys: tuple[Key, ...]
    deployments: dict[str, DeploymentRoute]


class BadSnapshot(ValueError):
    """Published bytes that are no snapshot, with the place in the JSON that is wrong."""


class RoutingTable:
    """A snapshot with its keys indexed by hash. Swapped whole, never changed."""

    __slots__ = ("deployments", "keys", "number")

    def __init__(self, snapshot: RoutingSnapshot) -> None:
        self.number = snapshot.number
        self.deployments = snapshot.deployments
        self.keys = {key.hash: key for key in snapshot.keys}

    def streams(self) -> set[str]:
        """Every stage stream a request may be sent to or passed on to."""
        ways = (
            way for deployment in self.deployments.values() for way in (*deployment.splits, deployment.shadow) if way
        )
        return {stream for way in ways for hop in way.path for stream in names.sisters(hop.stream)}


_decoder = msgspec.json.Decoder(RoutingSnapshot)


def parse(raw: bytes) -> RoutingTable:
    """The table of a published snapshot; raises BadSnapshot."""
    try:
        snapshot = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadSnapshot(str(error)) from None
    for name, deployment in snapshot.deployments.items():
        for split in deployment.splits:
            if split.weight < 0:
                raise BadSnapshot(f"deployment {name} has a split with a negative weight")
            _check(name, split.path)
        if deployment.shadow:
            _check(name, deployment.shadow.path)
    return RoutingTable(snapshot)


def _check(deployment: str, path: tuple[Hop, ...]) -> None:
    """A request must come in somewhere, go on to later hops only, and come out at one place."""
    given = [0] * len(path)
    for place, hop in enumerate(path):
        for onward in hop.then:
            if not place < onward < len(path):
                raise BadSnapshot(f"deployment {deployment} has a path that leads from hop {place} to hop {onward}")
            given[onward] += 1
    if not path:
        raise BadSnapshot(f"deployment {deployment} has a split or a shadow without a path")
    if given != [hop.joins for hop in path] or sum(not hop.then for hop in path) != 1:
        raise BadSnapshot(f"deployment {deployment} has a path whose hops do not lead to one end")


def identify(table: RoutingTable, secret: bytes | None, now: datetime) -> Key:
    """Whose key this is; raises KeyMissing, KeyUnknown, KeyRevoked or KeyExpired.

    The hash is computed each time (half a microsecond) rather than cached, so that no secret stays in memory longer
    than the connection it came by, and looked up whole, so that timing tells nothing about the stored ones.
    """
    if not secret:
        raise errors.KeyMissing
    key = table.keys.get(hashlib.sha256(secret).hexdigest())
    if key is None:
        raise errors.KeyUnknown
    return still_good(key, now)


def still_good(key: Key, now: datetime) -> Key:
    """The key; raises KeyRevoked or KeyExpired."""
    if key.revoked:
        raise errors.KeyRevoked
    if key.expires_at is not None and key.expires_at <= now:
        raise errors.KeyExpired
    return key


def allow(key: Key, deployment: str) -> None:
    """Raises KeyNotAllowed unless the key may ask this deployment."""
    if not opens(key, deployment):
        raise errors.KeyNotAllowed


def opens(key: Key, deployment: str) -> bool:
    """Whether the key may ask this deployment."""
    return INFER_SCOPE in key.scopes and (not key.deployments or deployment in key.deployments)


def choose(route: DeploymentRoute, token: str, version: str | None = None) -> Split:
    """The split that serves this token (request id or sticky header): the same token, the same split.

    Splits take the shares of the line 0..total by their order, so a growing weight at the end of the list only moves
    tokens towards it and never shuffles the others. Raises VersionUnknown, or NotReady when nothing takes traffic.
    """
    splits = route.splits
    if version is not None:
        splits = tuple(split for split in splits if split.version == version)
        if not splits:
            raise errors.VersionUnknown(f"The deployment does not serve version {version}.")
    if len(splits) == 1 and (splits[0].weight or version is not None):
        return splits[0]
    return _at(splits, _point(token))


def _point(token: str) -> float:
    """Where on 0..1 a token lies, evenly spread."""
    digest = hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=6).digest()
    return int.from_bytes(digest, "big") / (1 << 48)


def _at(splits: tuple[Split, ...], point: float) -> Split:
    place = point * sum(split.weight for split in splits)
    for split in splits:
        place -= split.weight
        if place < 0:
            return split
    raise errors.NotReady
