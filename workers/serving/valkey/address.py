"""Where Valkey is and what to say first there, from a REDIS_URL as redis-py reads it."""

import ssl
from dataclasses import dataclass
from typing import Any

from redis import exceptions
from redis.asyncio.connection import RedisSSLContext
from redis.connection import parse_url

Command = tuple[Any, ...]

#: Error codes with classes of their own in redis-py; any other is a ResponseError.
_CLASSES: dict[str, type[exceptions.RedisError]] = {
    "LOADING": exceptions.BusyLoadingError,
    "OOM": exceptions.OutOfMemoryError,
    "EXECABORT": exceptions.ExecAbortError,
    "READONLY": exceptions.ReadOnlyError,
    "NOSCRIPT": exceptions.NoScriptError,
    "NOAUTH": exceptions.AuthenticationError,
    "WRONGPASS": exceptions.AuthenticationError,
}


@dataclass(frozen=True, slots=True)
class Address:
    """Either `path`, a Unix socket, or `host` and `port`; `greeting` are the commands that open a connection."""

    path: str | None
    host: str
    port: int
    tls: ssl.SSLContext | None
    greeting: tuple[Command, ...]


def parse(url: str) -> Address:
    """The address in a redis://, rediss:// or unix:// URL; raises ValueError."""
    options = parse_url(url)
    return Address(
        path=options.get("path"),
        host=options.get("host") or "localhost",
        port=options.get("port") or 6379,
        tls=_tls(options) if url.startswith("rediss://") else None,
        greeting=_greeting(options),
    )


def _greeting(options: dict[str, Any]) -> tuple[Command, ...]:
    """AUTH and SELECT where needed, and a PING that says whether the data are loaded."""
    commands: list[Command] = []
    if options.get("password"):
        user = (options["username"],) if options.get("username") else ()
        commands.append(("AUTH", *user, options["password"]))
    if options.get("db"):
        commands.append(("SELECT", options["db"]))
    return (*commands, ("PING",))


def _tls(options: dict[str, Any]) -> ssl.SSLContext:
    named: dict[str, Any] = {"ssl_cert_reqs": "required", "ssl_check_hostname": True} | options
    given = {name.removeprefix("ssl_"): value for name, value in named.items() if name.startswith("ssl_")}
    return RedisSSLContext(**given).get()


def reply_error(text: str) -> exceptions.RedisError:
    """An error reply as redis-py's exception for its code, with the whole text."""
    return _CLASSES.get(text.partition(" ")[0], exceptions.ResponseError)(text)
