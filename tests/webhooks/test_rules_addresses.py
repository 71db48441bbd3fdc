"""What only Quartet's own machine can reach is not reached through Quartet."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.webhooks.rules.addresses import PORTS, refusal

PRIVATE = [
    *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
    *("0.0.0.0", "0.1.2.3", "255.255.255.255", "240.0.0.1", "224.0.0.1", "239.255.255.250", "198.18.0.1"),  # noqa: S104
    *("192.0.2.1", "198.51.100.1", "203.0.113.1", "192.0.0.192", "192.88.99.1"),
    *("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "fd00:ec2::254"),
    *("::", "::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::10.0.0.1"),
    *("2002:7f00:1::", "2002:a00:1::1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1"),
    *("2001::1", "2001:db8::1", "100::1", "3fff::1", "5f00::1", "4000::1"),
]
PUBLIC = ["8.8.8.8", "93.184.215.14", "2606:2800:220:1::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert refusal("https", address, 443) == f"{address} is not an address of the public internet."


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_sent_to(address: str) -> None:
    assert refusal("https", address, 443) is None


@given(st.ip_addresses(v=4))
def test_no_form_of_an_ipv4_address_gets_where_it_does_not_get_itself(address: IPv4Address) -> None:
    number = int(address)
    forms = [(0xFFFF << 32) + number, (0x2002 << 112) + (number << 80), (0x64_FF9B << 96) + number]
    itself = refusal("https", str(address), 443) is None
    assert [refusal("https", str(IPv6Address(form)), 443) is None for form in forms] == [itself] * 3


@given(st.ip_addresses(), st.sampled_from(["http", "https"]), st.integers(0, 65535))
def test_what_the_operator_allows_is_sent_to_in_every_way(address: object, scheme: str, port: int) -> None:
    assert refusal(scheme, str(address), port, [ip_network("0.0.0.0/0"), ip_network("::/0")]) is None


@given(st.sampled_from(PRIVATE), st.integers(0, 65535))
def test_what_the_operator_allows_opens_nothing_else(address: str, port: int) -> None:
    assert refusal("https", address, port, [ip_network("10.200.0.0/16")]) is not None


def test_over_the_internet_only_tls_is_spoken() -> None:
    assert refusal("http", "8.8.8.8", 80) == "Over the public internet only https:// is used."


@given(st.integers(0, 65535).filter(lambda port: port not in PORTS))
def test_ports_on_which_nobody_serves_http_are_refused(port: int) -> None:
    assert f"Port {port}" in str(refusal("https", "8.8.8.8", port))
