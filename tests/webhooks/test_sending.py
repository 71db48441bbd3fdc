"""One POST to a server that somebody else runs: nothing it does holds us up, leads us elsewhere or fills the memory."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_network

import pytest
import trustme

from apps.webhooks import sending
from apps.webhooks.sending import Sender
from tests.webhooks.conftest import LOOPBACK
from tests.webhooks.receiver import Receiver, receiving, speaking

send = Sender([LOOPBACK])
#: Patient enough for a machine under load, and over long before a test is given up.
hurried = Sender([LOOPBACK], whole=1.0)


def test_what_is_sent_arrives_byte_for_byte(receiver: Receiver) -> None:
    outcome = send(receiver.url, {"webhook-id": "msg_1"}, b'{"a":1}')
    [post] = receiver.received
    assert (outcome.status, outcome.problem) == (204, "")
    assert (post.path, post.body, post.headers["webhook-id"]) == ("/hook", b'{"a":1}', "msg_1")
    assert post.headers["content-type"] == "application/json"


def test_this_machine_is_not_sent_to_unless_the_operator_allows_it(receiver: Receiver) -> None:
    assert "not an address of the public internet" in Sender()(receiver.url, {}, b"").problem
    assert receiver.received == []


def test_a_name_that_leads_to_this_machine_is_not_sent_to(receiver: Receiver) -> None:
    outcome = Sender()(receiver.url.replace("127.0.0.1", "localhost"), {}, b"")
    assert outcome.problem.startswith("'localhost' is not sent to:")
    assert receiver.received == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"])
def test_other_spellings_of_this_machine_are_not_sent_to(receiver: Receiver, host: str) -> None:
    assert "public internet" in Sender()(receiver.url.replace("127.0.0.1", host), {}, b"").problem
    assert receiver.received == []


def test_a_name_that_leads_elsewhere_at_the_second_look_changes_nothing() -> None:
    looks: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        looks.append(host)
        return ["127.0.0.2"] if len(looks) == 1 else ["127.0.0.1"]

    with receiving("127.0.0.2") as allowed:
        url = allowed.url.replace("127.0.0.2", "rebinding.example")
        with_it = Sender([ip_network("127.0.0.2/32")], resolve=rebinding)
        assert with_it(url, {}, b"").status == 204
        assert len(allowed.received) == len(looks) == 1
        assert "public internet" in with_it(url, {}, b"").problem
        assert len(allowed.received) == 1


def test_of_a_names_addresses_only_the_fit_ones_are_used() -> None:
    with receiving("127.0.0.2") as allowed:
        both = Sender([ip_network("127.0.0.2/32")], resolve=lambda host, port: ["127.0.0.1", "127.0.0.2"])
        assert both(allowed.url, {}, b"").status == 204


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    with receiving() as inside:
        receiver.answers = [(307, {"Location": inside.url})]
        outcome = send(receiver.url, {}, b"{}")
        assert inside.received == []
    assert outcome.status == 307
    assert f"redirect to {inside.url}" in outcome.problem


@pytest.mark.parametrize("status", [300, 400, 404, 410, 429, 500, 503])
def test_only_2xx_means_that_it_was_taken(receiver: Receiver, status: int) -> None:
    receiver.answers = [(status, {})]
    assert str(status) in send(receiver.url, {}, b"").problem


def test_when_it_asks_to_be_left_alone_the_outcome_says_so(receiver: Receiver) -> None:
    receiver.answers = [(429, {"Retry-After": "120"}), (503, {"Retry-After": "soon"})]
    asked = send(receiver.url, {}, b"").retry_after
    assert asked is not None
    assert asked.total_seconds() == 120
    assert send(receiver.url, {}, b"").retry_after is None


def test_an_endpoint_that_hangs_is_left() -> None:
    with speaking(lambda connection: time.sleep(30)) as url:
        assert hurried(url, {}, b"").problem == "No answer came in time."


def trickle(connection: socket.socket) -> None:
    connection.recv(10_000)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"x: y\r\n")
        time.sleep(0.1)


def test_an_answer_that_trickles_in_does_not_stretch_the_limit() -> None:
    with speaking(trickle) as url:
        assert hurried(url, {}, b"").problem == "No answer came in time."


def test_of_a_large_answer_only_the_beginning_is_read() -> None:
    took_all = threading.Event()

    def large(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(400):
            connection.sendall(b"x" * 65536)  # raises once the other side has hung up
        took_all.set()

    with speaking(large) as url:
        outcome = Sender([LOOPBACK], whole=250)(url, {}, b"")
    assert (outcome.status, outcome.problem, outcome.answer) == (200, "", "x" * 2000)
    assert not took_all.is_set()


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 50_000])
def test_what_is_no_http_is_a_failure_in_words(said: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(said)

    with speaking(talk) as url:
        assert send(url, {}, b"").problem.startswith("The connection failed: ")


def test_nobody_listening_is_a_failure_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    assert send(url, {}, b"").problem.startswith("The connection failed: ")


def test_a_name_that_is_not_known_is_a_failure_in_words() -> None:
    assert "cannot be resolved" in send("http://nowhere.invalid/", {}, b"").problem


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> Iterator[trustme.CA]:
    """An authority that this machine trusts, as an operator has it trust one."""
    made = trustme.CA()
    with made.cert_pem.tempfile() as file:
        monkeypatch.setenv("SSL_CERT_FILE", file)
        sending._trust.cache_clear()
        sending._trust()
    yield made
    sending._trust.cache_clear()


def serving(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_over_tls_the_certificate_is_held_against_the_urls_name(authority: trustme.CA) -> None:
    named = Sender([LOOPBACK], resolve=lambda host, port: ["127.0.0.1"])
    with receiving(tls=serving(authority, "hooks.example.org")) as receiver:
        right = receiver.url.replace("127.0.0.1", "hooks.example.org")
        assert named(right, {}, b"").status == 204
        wrong = receiver.url.replace("127.0.0.1", "other.example.org")
        assert "certificate" in named(wrong, {}, b"").problem
    assert len(receiver.received) == 1


def test_a_certificate_of_an_authority_that_is_not_trusted_is_refused(authority: trustme.CA) -> None:
    with receiving(tls=serving(trustme.CA(), "127.0.0.1")) as receiver:
        assert "certificate" in send(receiver.url, {}, b"").problem
        assert receiver.received == []


def test_a_proxy_of_the_environment_is_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert send(receiver.url, {}, b"").status == 204
