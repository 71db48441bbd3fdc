"""Uploads through the real server: uvicorn, the body limit and sockets."""

import hashlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import uvicorn

from tests.registry import artifact
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(home: Path) -> Iterator[str]:
    """The address of the web application, served in a thread."""
    from controlplane.asgi import application

    listening = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    while not running.started and thread.is_alive():
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    running.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture
def client(server: str, world: World) -> Iterator[httpx.Client]:
    key = world.key(world.ada, "read", "models:write")
    with httpx.Client(base_url=server, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        client.post("/api/v1/models", json={"name": "echo"}).raise_for_status()
        yield client


@pytest.fixture
def files_url(client: httpx.Client) -> str:
    return f"/api/v1/uploads/{client.post('/api/v1/models/echo/uploads').json()['id']}/files"


def test_a_large_file_arrives_as_it_was_sent(client: httpx.Client, files_url: str, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(range(256)) * 4 * 1024 * 20)

    with path.open("rb") as file:
        answer = client.put(f"{files_url}/large.bin", content=file)

    assert answer.status_code == 200
    assert answer.json()["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_body_without_a_length_is_refused(client: httpx.Client, files_url: str) -> None:
    answer = client.put(f"{files_url}/a.bin", content=iter([b"123", b"45"]))

    assert answer.status_code == 411
    assert answer.json()["error"]["code"] == "length_required"


def test_an_empty_file_arrives(client: httpx.Client, files_url: str) -> None:
    assert client.put(f"{files_url}/__init__.py", content=b"").json()["complete"]


def test_a_head_tells_where_to_go_on(client: httpx.Client, files_url: str) -> None:
    client.put(f"{files_url}/a.bin", content=b"123", headers={"Content-Range": "bytes 0-2/5"})

    answer = client.head(f"{files_url}/a.bin")
    assert (answer.status_code, answer.headers["Upload-Offset"], answer.content) == (200, "3", b"")


def test_a_version_is_registered_from_start_to_end(client: httpx.Client, files_url: str) -> None:
    for path, content in artifact.files().items():
        digest = hashlib.sha256(content).hexdigest()
        client.put(f"{files_url}/{path}", content=content, headers={"X-Content-SHA256": digest}).raise_for_status()

    answer = client.post("/api/v1/models/echo/versions", json={"upload": files_url.split("/")[4], "alias": "candidate"})
    assert answer.status_code == 201
    assert answer.json()["aliases"] == ["candidate"]


def status_before_the_body(server: str, headers: dict[str, str]) -> int:
    """What a request is answered that has announced 5 MiB and sent nothing of them."""
    connection = http.client.HTTPConnection(server.removeprefix("http://"), timeout=20)
    connection.putrequest("PUT", "/api/v1/uploads/anything")
    for name, value in {"Content-Length": str(5 * 2**20), **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    with closing(connection):
        return connection.getresponse().status


def test_a_large_file_from_nobody_is_refused_before_it_is_taken_in(server: str) -> None:
    assert status_before_the_body(server, {}) == 401


def test_a_large_file_by_a_key_that_may_not_write_is_refused_before_it_is_taken_in(server: str, world: World) -> None:
    assert status_before_the_body(server, {"Authorization": f"Bearer {world.key(world.ada, 'read')}"}) == 403
