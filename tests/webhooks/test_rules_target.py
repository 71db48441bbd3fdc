"""URLs are refused in words before anything is kept."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.webhooks.rules.target import target, unfit


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.org/", "begins with https://"),
        ("file:///etc/passwd", "begins with https://"),
        ("https:///path", "names no host"),
        ("https://", "names no host"),
        ("https://me:secret@example.org/", "user or password"),
        ("https://127.0.0.1@example.org/", "user or password"),
        ("https://example.org/#part", "fragment"),
        ("https://exämple.org/", "ASCII"),
        ("https://example.org/a b", "ASCII"),
        ("https://example.org\r\nx: y/", "ASCII"),
        ("https://example.org\\@127.0.0.1/", "ASCII"),
        ("https://[::1/", "Invalid IPv6"),
        ("https://example.org:99999/", "Port"),
        ("https://example.org:25/", "Port 25"),
        ("http://example.org/", "only https://"),
        ("https://127.0.0.1/", "public internet"),
        ("https://[::ffff:10.0.0.1]/", "public internet"),
        ("https://example.org/" + "x" * 2000, "characters"),
    ],
)
def test_a_url_that_cannot_be_sent_to_is_refused_in_words(url: str, reason: str) -> None:
    assert reason in str(unfit(url, []))


@pytest.mark.parametrize("url", ["https://example.org/hook?a=b", "https://example.org:8443/", "https://8.8.8.8/"])
def test_a_url_that_may_be_sent_to_is_taken(url: str) -> None:
    assert unfit(url, []) is None


def test_where_the_operator_allows_networks_a_name_is_judged_when_it_is_sent_to() -> None:
    assert unfit("http://hooks.internal:9000/", [ip_network("10.0.0.0/8")]) is None


@given(st.text())
def test_whatever_is_given_it_is_taken_apart_or_refused_in_words(url: str) -> None:
    for text in (url, f"https://{url}"):
        try:
            assert target(text).host
        except ValueError as error:
            assert str(error)
