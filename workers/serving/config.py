"""The gateway's settings, read once from the environment. A wrong one is a sentence at start-up."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1024 * 1024


class ConfigError(ValueError):
    """A setting that cannot be used; the message says which, what it was and what would do."""


@dataclass(frozen=True)
class GatewayConfig:
    """Where the gateway listens, what it connects to and how much it holds at once."""

    redis_url: str
    home: Path  # the routing cache is kept in home/gateway/routing.json
    bind: str = "127.0.0.1"
    port: int = 8401
    body_limit: int = 16 * MEBIBYTE  # bytes of one request body, after decompression too
    max_in_flight: int = 512  # requests
    max_bytes_in_flight: int = 256 * MEBIBYTE  # bodies held at once
    outage_grace: float = 2.0  # seconds; see Dispatcher
    record_spool: int = 256 * MEBIBYTE  # bytes that the stream of records may take; the replicas' share of it, too
    kept_spool: int = 256 * MEBIBYTE  # and that of inputs that are kept
    later_seconds: float = 3600.0  # that a request which is answered later may take

    @property
    def routing_cache(self) -> Path:
        return self.home / "gateway" / "routing.json"


def from_env(env: Mapping[str, str]) -> GatewayConfig:
    """Read the settings; raises ConfigError with a sentence for the first that makes no sense."""
    return GatewayConfig(
        redis_url=_redis_url(env),
        home=Path(env.get("QUARTET_HOME") or ".quartet").absolute(),
        bind=env.get("QUARTET_BIND") or GatewayConfig.bind,
        port=_integer(env, "QUARTET_GATEWAY_PORT", GatewayConfig.port, 1, 65535),
        body_limit=_integer(env, "QUARTET_BODY_LIMIT", GatewayConfig.body_limit, 1024, 1024 * MEBIBYTE),
        max_in_flight=_integer(env, "QUARTET_MAX_IN_FLIGHT", GatewayConfig.max_in_flight, 1, 100_000),
        max_bytes_in_flight=_integer(
            env, "QUARTET_MAX_BYTES_IN_FLIGHT", GatewayConfig.max_bytes_in_flight, 1024, 1024 * 1024 * MEBIBYTE
        ),
        record_spool=_integer(env, "QUARTET_RECORD_SPOOL", GatewayConfig.record_spool, 0, 1024 * 1024 * MEBIBYTE),
        kept_spool=_integer(env, "QUARTET_KEPT_SPOOL", GatewayConfig.kept_spool, 0, 1024 * 1024 * MEBIBYTE),
        outage_grace=_integer(env, "QUARTET_OUTAGE_GRACE_MS", 2000, 0, 60_000) / 1000,
        later_seconds=_integer(env, "QUARTET_ASYNC_TIMEOUT", 3600, 1, 7 * 24 * 3600),
    )


def _redis_url(env: Mapping[str, str]) -> str:
    url = env.get("REDIS_URL") or ""
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ConfigError(f"REDIS_URL is {url!r}; it must be a redis://, rediss:// or unix:// address of Valkey.")
    return url


def _integer(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise ConfigError(f"{name} is {text!r}; it must be a whole number from {low} to {high}.")
    return int(text)
