"""The commands that pages show work when they are pasted into a shell."""

import base64
import json
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from apps.console.call import (
    Installation,
    curl_command,
    deployment_create_command,
    key_command,
    revision_request_command,
)
from tests.console.scene import DIGITS, MINILM
from tests.world import World

PICTURE, SOUND = bytes(range(256)), b"RIFF" + bytes(400)


class Listener(HTTPServer):
    """Keeps what it was asked."""

    asked: dict[str, Any]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked = {"path": self.path, "key": self.headers["Authorization"], "body": json.loads(body)}  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Silent."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    server = Listener(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _run(command: str, listener: Listener) -> dict[str, Any]:
    subprocess.run(["bash", "-eu", "-c", f"KEY=qk_secret\n{command}"], check=True, timeout=20)
    return listener.asked


def _address(listener: Listener) -> str:
    return f"http://127.0.0.1:{listener.server_port}"


def test_picture_and_sound_arrive_whole(listener: Listener, tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/3.png").write_bytes(PICTURE)
    (tmp_path / "samples/3.wav").write_bytes(SOUND)
    command = curl_command(gateway=_address(listener), deployment="digits", manifest=DIGITS, directory=tmp_path)
    asked = _run(command, listener)
    assert (asked["path"], asked["key"]) == ("/v2/models/digits/infer", "Bearer qk_secret")
    image, sound = asked["body"]["inputs"]
    assert (image["name"], image["datatype"], image["shape"]) == ("image", "BYTES", [1])
    assert base64.b64decode(image["data"][0]) == PICTURE
    assert base64.b64decode(sound["data"][0]) == SOUND


@pytest.mark.parametrize("text", ["a red door", "quotes \" and ' and \\", "$HOME `id` $(id)", "line\nbreak", "日本語"])
def test_text_arrives_as_the_sample_has_it(text: str, listener: Listener, tmp_path: Path) -> None:
    manifest = {**MINILM, "samples": [{"text": text}]}
    command = curl_command(gateway=_address(listener), deployment="captions", manifest=manifest, directory=tmp_path)
    assert _run(command, listener)["body"]["inputs"][0]["data"] == [text]


def test_numbers_arrive_with_their_shape(listener: Listener, tmp_path: Path) -> None:
    tensor = {"name": "x", "modality": "tensor", "datatype": "FP32", "shape": [-1, 2], "required": True}
    manifest = {**DIGITS, "inputs": [tensor], "samples": [{"x": [1.5, -2.0]}]}
    command = curl_command(gateway=_address(listener), deployment="d", manifest=manifest, directory=tmp_path)
    expected = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1.5, -2.0]}
    assert _run(command, listener)["body"]["inputs"] == [expected]


@pytest.mark.django_db(transaction=True)
def test_the_key_command_makes_a_key_from_any_directory(world: World, tmp_path: Path) -> None:
    database = urlsplit(settings.DATABASE_URL)._replace(path="/" + connection.settings_dict["NAME"])
    (tmp_path / "environment").write_text(f"export DATABASE_URL={shlex.quote(database.geturl())}\n")
    here = Installation(sys.executable, settings.BASE_DIR / "manage.py", tmp_path / "environment")
    command = key_command(here, "ada", "infer,read")
    run = subprocess.run(
        ["bash", "-eu", "-c", f"{command}\necho $KEY"], cwd=tmp_path, check=True, stdout=subprocess.PIPE, timeout=60
    )
    assert run.stdout.startswith(b"qk_")
    assert world.ada.api_keys.get().scopes == ["infer", "read"]


def test_the_commands_of_empty_pages_post_what_the_rest_interface_takes(listener: Listener) -> None:
    assert _run(deployment_create_command(_address(listener)), listener)["path"] == "/api/v1/deployments"
    asked = _run(revision_request_command(_address(listener), "digits", "digits-av"), listener)
    assert asked["path"] == "/api/v1/deployments/digits/revisions"
    assert asked["body"] == {"model": "digits-av", "version": "1", "replicas": 1}
