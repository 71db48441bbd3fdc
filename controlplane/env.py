"""Typed readers of environment settings: a wrong value is a sentence at start-up, not a surprise at night."""

import json
import os
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")


def text(name: str, default: str) -> str:
    """The setting as text; an empty value counts as not set."""
    return os.environ.get(name) or default


def secret(name: str, default: str = "") -> str:
    """A secret from NAME, or from the file that NAME_FILE points at (mounted secrets)."""
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return text(name, default)
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE points at {path}, which cannot be read: {error.strerror}.") from error


def boolean(name: str, default: bool) -> bool:
    """True or False, spelt exactly so: a guess at 'yes' or '1' hides mistakes."""
    return _parsed(name, default, {"True": True, "False": False}.__getitem__, "use 'True' or 'False'")


def integer(name: str, default: int, least: int = 0, most: int = 2**53) -> int:
    """A whole number from `least` to `most`."""

    def parse(raw: str) -> int:
        value = int(raw)
        if not least <= value <= most:
            raise ValueError
        return value

    return _parsed(name, default, parse, f"use a whole number from {least} to {most}")


def choice(name: str, default: str, options: tuple[str, ...]) -> str:
    """One of `options`."""
    return _parsed(name, default, lambda raw: options[options.index(raw)], f"use one of {', '.join(options)}")


def names(name: str, default: tuple[str, ...]) -> list[str]:
    """A comma-separated list, blanks dropped."""
    return [part.strip() for part in text(name, ",".join(default)).split(",") if part.strip()]


def mapping(name: str) -> dict[str, Any]:
    """A JSON object from NAME, or from the file that NAME_FILE points at, as it may hold secrets; {} when not set."""
    try:
        value = json.loads(secret(name) or "{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ImproperlyConfigured(f'{name} is no JSON object: use one such as {{"bucket": "assets"}}.')
    return value


def networks(name: str, default: tuple[str, ...]) -> list[IPv4Network | IPv6Network]:
    """A comma-separated list of networks, as 10.1.0.0/16 or one address."""
    remedy = "use networks as 10.1.0.0/16 or addresses, separated by commas; no bits behind the mask"
    read = _parsed(name, None, lambda raw: [ip_network(part) for part in names(name, default)], remedy)
    return [ip_network(part) for part in default] if read is None else read


def _parsed(name: str, default: T, parse: Callable[[str], T], remedy: str) -> T:
    raw = os.environ.get(name)
    if not raw:
        return default
    try:
        return parse(raw)
    except (KeyError, ValueError) as error:
        raise ImproperlyConfigured(f"Unexpected value {raw!r} in {name}: {remedy}.") from error
