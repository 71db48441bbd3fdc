"""Which network addresses Quartet may send to: never its own neighbours, unless the operator says so.

Whoever may make an endpoint would otherwise reach, through Quartet, what only Quartet's machine can reach: databases,
other services, a cloud's metadata.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

#: Ports on which the public serves HTTP. Others often take lines of text as commands.
PORTS = (80, 443, 8080, 8443)

#: What `is_global` lets through in some releases of Python, or rightly by its own reckoning but not by ours.
_NEVER = tuple(
    ip_network(each)
    for each in (
        "168.63.129.16/32",  # Azure's metadata: a public address that only its own machines reach
        "192.0.0.0/24",
        "192.88.99.0/24",
        "2001::/23",
        "3fff::/20",
        "5f00::/16",
    )
)
_UNICAST = IPv6Network("2000::/3")
_TRANSLATED = IPv6Network("64:ff9b::/96")


def refusal(scheme: str, address: str, port: int, allowed: Iterable[Network] = ()) -> str | None:
    """Why nothing is sent to `address`, numeric, at `port`; None where it may be. The operator's networks go first."""
    found = _plain(ip_address(address.partition("%")[0]))
    if any(found in network for network in allowed if network.version == found.version):
        return None
    if not _is_public(found):
        return f"{address} is not an address of the public internet."
    return public_refusal(scheme, port)


def public_refusal(scheme: str, port: int) -> str | None:
    """Why an address of the public internet is not sent to in this way; None where it is."""
    if scheme != "https":
        return "Over the public internet only https:// is used."
    if port not in PORTS:
        return f"Port {port} is none of {', '.join(map(str, PORTS))}."
    return None


def _plain(address: Address) -> Address:
    """The IPv4 address behind one of the IPv6 addresses that stand for it."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _TRANSLATED:
        inner = IPv4Address(int(address) & 0xFFFF_FFFF)
    return inner or address


def _is_public(address: Address) -> bool:
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)
