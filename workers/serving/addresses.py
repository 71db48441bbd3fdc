"""What a request's target asks for. Pure, and remembered: a client asks for few addresses, again and again."""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

#: Parts of the protocol's extensions that clients ask for and that are not offered: 501 rather than 404.
_EXTENSIONS = frozenset({"trace", "logging", "systemsharedmemory", "cudasharedmemory"})

#: Targets longer than this are looked at anew each time, so that nobody fills the memory with them.
_REMEMBERED = 512


@dataclass(frozen=True, slots=True)
class Address:
    """`what` is infer, health, metrics, server, models, index, repository, request, extension; or empty for none."""

    what: str = ""
    name: str = ""
    version: str | None = None
    rest: tuple[str, ...] = ()


def find(target: bytes) -> Address:
    """The address of a target in origin or absolute form, whatever its query."""
    return _remembered(target) if len(target) <= _REMEMBERED else _find(target)


def _find(target: bytes) -> Address:
    path = target.partition(b"?")[0]
    if not path.startswith(b"/"):
        path = b"/" + path.partition(b"://")[2].partition(b"/")[2]
    if b"%" in path:
        path = unquote_to_bytes(path)
    try:
        return _matched(path.decode().strip("/").split("/"))
    except UnicodeDecodeError:
        return Address()


_remembered = lru_cache(maxsize=4096)(_find)


def _matched(parts: list[str]) -> Address:
    match parts:
        case ["v2", "models", name, "infer"]:
            return Address("infer", name)
        case ["v2", "models", name, "versions", version, "infer"]:
            return Address("infer", name, version)
        case ["v2", "health", ("live" | "ready") as what]:
            return Address("health", what)
        case ["v2", "requests", identifier, *rest]:
            return Address("request", identifier, rest=tuple(rest))
        case ["v2", "repository", "index"]:
            return Address("index")
        case ["v2", "repository", "models", name, verb]:
            return Address("repository", name, rest=(verb,))
        case ["v2", extension, *_] if extension in _EXTENSIONS:
            return Address("extension", extension)
        case ["v2", "models", *rest]:
            return Address("models", rest=tuple(rest))
        case ["v2"]:
            return Address("server")
        case ["metrics"]:
            return Address("metrics")
    return Address()
