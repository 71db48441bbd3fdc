"""An endpoint's URL, taken apart and found fit to be kept; its host is looked at again whenever something is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from apps.webhooks.rules.addresses import Network, public_refusal, refusal

MOST_CHARACTERS = 2000
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads."""

    scheme: str
    host: str
    port: int


def target(url: str) -> Target:
    """Where `url` leads; raises ValueError with a sentence."""
    if len(url) > MOST_CHARACTERS:
        raise ValueError(f"A URL may have {MOST_CHARACTERS} characters, and this one has {len(url)}.")
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("A URL is of printable ASCII: write other names in Punycode, other characters as %XX.")
    parts = urlsplit(url)  # raises ValueError for brackets that do not match
    if parts.scheme not in _PORTS:
        raise ValueError("A URL begins with https:// or http://.")
    if "@" in parts.netloc:
        raise ValueError("A URL with a user or password is not taken: the signature is what proves the sender.")
    if parts.fragment:
        raise ValueError("A URL with a fragment, after '#', is not taken: fragments are never sent.")
    if not parts.hostname:
        raise ValueError("The URL names no host.")
    return Target(parts.scheme, parts.hostname, _PORTS[parts.scheme] if parts.port is None else parts.port)


def unfit(url: str, allowed: Sequence[Network]) -> str | None:
    """Why `url` can never be sent to, or None. A host's name is judged by its addresses, and so only when sending."""
    try:
        leads = target(url)
    except ValueError as error:
        return str(error)
    try:
        ip_address(leads.host.partition("%")[0])
    except ValueError:
        return None if allowed else public_refusal(leads.scheme, leads.port)
    return refusal(leads.scheme, leads.host, leads.port, allowed)
