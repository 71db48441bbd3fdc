"""The hot path's connections to Valkey: every form of address, and an end that is told."""

import asyncio
import ssl

import pytest
from redis.exceptions import AuthenticationError, OutOfMemoryError, RedisError, ResponseError

from tests.serving.processes import Valkey, free_port
from workers.serving.valkey import AWAY, connect, connect_async
from workers.serving.valkey.address import parse, reply_error
from workers.serving.valkey.link import Link
from workers.serving.valkey.sync_link import SyncLink


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A Valkey with a password, on TCP and on a Unix socket."""
    folder = tmp_path_factory.mktemp("v")
    valkey = Valkey(folder, "--requirepass", "s e:cret", "--unixsocket", str(folder / "s"))
    valkey.socket = folder / "s"
    yield valkey
    valkey.kill()


@pytest.fixture(params=["tcp", "unix"])
def url(request, guarded) -> str:
    if request.param == "tcp":
        return f"redis://:s%20e%3Acret@127.0.0.1:{guarded.port}/3"
    return f"unix://:s%20e%3Acret@{guarded.socket}?db=3"


async def asked(url: str, *commands: tuple, lost=lambda: None) -> list:
    """The replies over a link, in order."""
    link = await Link.open(parse(url), lost)
    done, replies = asyncio.get_running_loop().create_future(), []
    for command in commands:
        link.call(command, replies.append)
    link.call(("PING",), done.set_result)
    await done
    link.abort()
    return replies


def test_both_links_reach_every_form_of_address_and_its_database(url):
    sync = SyncLink(url)
    sync.call("SET", "here", "3")
    assert asyncio.run(asked(url, ("GET", "here"))) == [b"3"]
    assert sync.call("GET", "here") == b"3"
    sync.close()
    with connect(url) as client:
        assert client.get("here") == b"3"


async def test_the_other_client_reaches_them_too(url):
    client = connect_async(url)
    await client.set("there", "4")
    assert await client.get("there") == b"4"
    await client.aclose()


def test_a_wrong_password_is_told(guarded):
    wrong = f"redis://:guess@127.0.0.1:{guarded.port}/0"
    with pytest.raises(AuthenticationError):
        SyncLink(wrong).call("PING")
    with pytest.raises(AuthenticationError):
        asyncio.run(asked(wrong))


def test_nobody_there_counts_as_away():
    url = f"redis://127.0.0.1:{free_port()}/0"
    with pytest.raises(AWAY):
        SyncLink(url).call("PING")
    with pytest.raises(AWAY):
        asyncio.run(asked(url))


def test_replies_come_in_the_order_of_their_commands(redis_url):
    replies = asyncio.run(asked(redis_url, *(("ECHO", number) for number in range(500))))
    assert replies == [b"%d" % number for number in range(500)]


def test_an_error_reply_is_given_and_not_raised_and_later_replies_come(redis_url):
    error, echo = asyncio.run(asked(redis_url, ("NONSENSE",), ("ECHO", "x")))
    assert isinstance(error, ResponseError) and echo == b"x"
    link = SyncLink(redis_url)
    error, echo = link.ask([("NONSENSE",), ("ECHO", "x")])
    assert isinstance(error, ResponseError) and echo == b"x"
    link.close()


def test_the_end_of_a_connection_is_told_once_and_a_sync_link_connects_again(own_valkey):
    ends = []

    async def lose() -> None:
        lost = asyncio.Event()
        link = await Link.open(parse(own_valkey.url), lambda: ends.append(1) or lost.set())
        own_valkey.kill()
        await lost.wait()
        link.call(("PING",), ends.append)
        await asyncio.sleep(0.05)

    sync = SyncLink(own_valkey.url)
    sync.call("PING")
    asyncio.run(lose())
    assert ends == [1]
    with pytest.raises(AWAY):
        sync.call("PING")
    own_valkey.start()
    assert sync.call("PING") == b"PONG"
    sync.close()


@pytest.mark.parametrize(
    ("options", "verified"), [("", ssl.CERT_REQUIRED), ("?ssl_cert_reqs=none&ssl_check_hostname=false", ssl.CERT_NONE)]
)
def test_tls_is_verified_unless_the_address_says_otherwise(options, verified):
    address = parse(f"rediss://valkey.example:6380/1{options}")
    assert address.tls is not None and address.tls.verify_mode == verified
    assert (address.host, address.port, address.greeting) == ("valkey.example", 6380, (("SELECT", 1), ("PING",)))


def test_error_codes_have_the_classes_that_others_look_for():
    assert isinstance(reply_error("OOM command not allowed"), OutOfMemoryError)
    assert isinstance(reply_error("WHATEVER is this"), RedisError)
