"""Kept inputs are shown to who may see them, as what they are, and nothing of them runs."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from apps.console.media import SHOWN
from apps.core.clock import now
from apps.datasets.services import Content
from apps.inference.models import KeptInput
from apps.inference.services import Kept, kept_add, predictions_add, subject_erase
from tests.console.conftest import signed_in
from tests.deployments.makers import make_deployment
from tests.inference.records import made_at, record
from tests.world import World

pytestmark = pytest.mark.django_db
SOUND = bytes(range(100))


@pytest.fixture(autouse=True)
def _deployed(home: Path, world: World) -> None:
    make_deployment(world, "digits")


def kept(raw: bytes, media_type: str, name: str = "sound", deployment: str = "digits") -> str:
    """The address of a kept input with these bytes."""
    at = now() - timedelta(minutes=1)
    prediction = made_at(at)
    kept_add(kept=[Kept(prediction, at, deployment, "", name, 0, Content(raw, media_type))])
    return f"/kept/{prediction}/{name}/0"


def test_it_is_for_the_signed_in_only() -> None:
    answer = Client().get(kept(SOUND, "audio/wav"))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


def test_it_is_shown_as_what_it_was_found_to_be(world: World) -> None:
    answer = signed_in(world.cy).get(kept(SOUND, "audio/wav"))
    assert (answer.status_code, answer.content) == (200, SOUND)
    assert answer["Content-Type"] == "audio/wav"
    assert "Content-Disposition" not in answer


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/octet-stream", "text/xml"])
def test_what_a_browser_might_run_is_a_file_to_store(world: World, media_type: str) -> None:
    answer = signed_in(world.cy).get(kept(b"<script>alert(1)</script>", media_type))
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("media_type", sorted(SHOWN))
def test_nothing_runs_in_it_whatever_it_is(world: World, media_type: str) -> None:
    answer = signed_in(world.cy).get(kept(b"<script>alert(1)</script>", media_type))
    policy = answer["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "allow-" not in policy
    assert "default-src 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not answer["Content-Type"].startswith(("text/html", "image/svg", "application/xhtml"))


@pytest.mark.parametrize(
    ("asked", "status", "content", "told"),
    [
        ("bytes=10-19", 206, SOUND[10:20], "bytes 10-19/100"),
        ("bytes=-5", 206, SOUND[-5:], "bytes 95-99/100"),
        ("bytes=90-", 206, SOUND[90:], "bytes 90-99/100"),
        ("bytes=100-", 416, b"", "bytes */100"),
        ("bytes=1-2,5-6", 200, SOUND, None),
    ],
)
def test_a_player_may_ask_for_a_part(world: World, asked: str, status: int, content: bytes, told: str | None) -> None:
    answer = signed_in(world.cy).get(kept(SOUND, "audio/wav"), headers={"Range": asked})
    assert (answer.status_code, answer.content, answer.get("Content-Range")) == (status, content, told)
    assert answer["Accept-Ranges"] == "bytes"


def test_a_part_of_another_file_is_the_whole_of_this_one(world: World) -> None:
    headers = {"Range": "bytes=0-1", "If-Range": '"of-another"'}
    assert signed_in(world.cy).get(kept(SOUND, "audio/wav"), headers=headers).content == SOUND


def test_who_has_it_is_asked_to_keep_it_only_while_it_may_be_seen(world: World) -> None:
    client, address = signed_in(world.cy), kept(SOUND, "audio/wav")
    first = client.get(address)
    assert first["Cache-Control"] == "private, no-cache"
    assert first["ETag"] == f'"{hashlib.sha256(SOUND).hexdigest()}"'
    again = {"If-None-Match": first["ETag"]}
    assert client.get(address, headers=again).status_code == 304
    KeptInput.objects.all().delete()
    assert client.get(address, headers=again).status_code == 404, "what is deleted is not even said to be unchanged"


def test_what_is_deleted_with_its_subject_is_gone(world: World) -> None:
    at = now() - timedelta(minutes=1)
    given = record(made_at(at), subject="somebody")
    predictions_add(records=[given])
    kept_add(kept=[Kept(given.id, at, "digits", "somebody", "image", 0, Content(b"a picture", "image/png"))])
    client, address = signed_in(world.ada), f"/kept/{given.id}/image/0"
    assert client.get(address).status_code == 200
    subject_erase(actor=world.ada, subject="somebody")
    assert client.get(address).status_code == 404


def test_the_inputs_of_a_deployment_that_is_not_there_are_not_shown(world: World) -> None:
    assert signed_in(world.ada).get(kept(SOUND, "audio/wav", deployment="gone")).status_code == 404


@pytest.mark.parametrize("part", ["/sound/1", "/picture/0"])
def test_only_what_is_kept_has_an_address(world: World, part: str) -> None:
    address = kept(SOUND, "audio/wav").removesuffix("/sound/0")
    assert signed_in(world.cy).get(address + part).status_code == 404


def test_bytes_that_are_not_what_was_kept_are_not_shown(world: World, home: Path) -> None:
    address = kept(SOUND, "audio/wav")
    digest = hashlib.sha256(SOUND).hexdigest()
    (home / "assets" / digest[:2] / digest).write_bytes(b"other bytes")
    client = signed_in(world.cy)
    client.raise_request_exception = False
    assert client.get(address).status_code == 500


def test_nobody_may_write_there(world: World) -> None:
    assert signed_in(world.ada).post(kept(SOUND, "audio/wav")).status_code == 405
