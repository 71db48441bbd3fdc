"""The registry over REST, as continuous integration would use it."""

import hashlib
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.registry import artifact
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(world: World, home: Path) -> APIClient:
    return world.client(world.ada)


def start(client: APIClient) -> str:
    client.post("/api/v1/models", {"name": "echo"})
    return client.post("/api/v1/models/echo/uploads").json()["id"]


def put(client: APIClient, upload: str, path: str, content: bytes, **headers: str) -> object:
    return client.put(
        f"/api/v1/uploads/{upload}/files/{path}", content, content_type="application/octet-stream", headers=headers
    )


def publish(client: APIClient, files: dict[str, bytes], **asked: object) -> object:
    upload = start(client)
    for path, content in files.items():
        assert put(client, upload, path, content).status_code == 200
    return client.post("/api/v1/models/echo/versions", {"upload": upload, **asked})


def test_a_model_is_registered(ada: APIClient) -> None:
    answer = ada.post("/api/v1/models", {"name": "echo", "description": "says it again"})

    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["name"], shown["created_by"], shown["latest_version"], shown["aliases"]) == ("echo", "ada", None, {})


@pytest.mark.parametrize("name", ["Echo", "1echo", "echo_1", "echo/1", "-", "e" * 64, "", "échó"])
def test_a_name_that_does_not_fit_an_address_is_refused(ada: APIClient, name: str) -> None:
    assert ada.post("/api/v1/models", {"name": name}).status_code == 400


def test_a_name_that_is_taken_is_refused(ada: APIClient) -> None:
    ada.post("/api/v1/models", {"name": "echo"})

    answer = ada.post("/api/v1/models", {"name": "echo"})
    assert answer.status_code == 409
    assert answer.json()["error"]["fault"] == "caller"


def test_models_are_listed_newest_first(ada: APIClient) -> None:
    for name in ("one", "two"):
        ada.post("/api/v1/models", {"name": name})

    assert [model["name"] for model in ada.get("/api/v1/models").json()["results"]] == ["two", "one"]


def test_models_are_found_by_name_and_description(ada: APIClient) -> None:
    ada.post("/api/v1/models", {"name": "one", "description": "handwritten digits"})
    ada.post("/api/v1/models", {"name": "digits-av"})
    ada.post("/api/v1/models", {"name": "other"})

    found = ada.get("/api/v1/models?search=DIGITS").json()["results"]
    assert {model["name"] for model in found} == {"one", "digits-av"}


def test_a_search_that_no_database_can_hold_is_refused(ada: APIClient) -> None:
    assert ada.get("/api/v1/models?search=%00").status_code == 400


def test_an_unknown_model_is_not_found(ada: APIClient) -> None:
    answer = ada.get("/api/v1/models/nobody")

    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "There is no registered model 'nobody'."


def test_a_version_is_registered(ada: APIClient) -> None:
    answer = publish(ada, artifact.files(), lineage={"dataset": "d"}, alias="candidate")

    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["number"], shown["state"], shown["aliases"]) == (1, "ready", ["candidate"])
    assert shown["lineage"] == {"dataset": "d", "code": "", "notes": ""}
    assert {file["path"] for file in shown["files"]} == set(artifact.files())
    assert shown["manifest"]["task"] == "echo"


def test_the_same_bytes_again_answer_200(ada: APIClient) -> None:
    first = publish(ada, artifact.files())

    again = publish(ada, artifact.files())
    assert again.status_code == 200
    assert again.json() == first.json()


def test_a_parent_is_named_by_number_alias_or_model(ada: APIClient) -> None:
    publish(ada, artifact.files(), alias="candidate")

    for number, parent in enumerate((1, "1", "@candidate", "echo/1"), start=2):
        answer = publish(ada, artifact.files() | {"README.md": str(number).encode()}, parent=parent)
        assert answer.json()["parent"] == "echo/1"


def test_versions_are_listed_newest_first(ada: APIClient) -> None:
    publish(ada, artifact.files())
    publish(ada, artifact.files() | {"README.md": b"2"})

    assert [version["number"] for version in ada.get("/api/v1/models/echo/versions").json()["results"]] == [2, 1]


@pytest.mark.parametrize("ref", ["1", "@candidate"])
def test_a_version_is_shown_by_number_or_alias(ada: APIClient, ref: str) -> None:
    publish(ada, artifact.files(), alias="candidate")

    assert ada.get(f"/api/v1/models/echo/versions/{ref}").json()["number"] == 1


def test_a_pickle_is_refused_with_the_remedy(ada: APIClient) -> None:
    answer = publish(ada, artifact.files() | {"model.bin": b"\x80\x04\x95\x00"})

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["fault"]) == ("pickle_refused", "caller")
    assert "safetensors" in error["remedy"]


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "%2e%2e/passwd", "a%2f..%2f..%2fb", "/etc/passwd", "a%5cb", "%00"]
)
def test_a_path_that_escapes_is_refused(ada: APIClient, home: Path, path: str) -> None:
    answer = put(ada, start(ada), path, b"x")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_path"
    assert not (home / "staging").exists()


def test_a_digest_that_does_not_match_is_refused(ada: APIClient) -> None:
    answer = put(ada, start(ada), "a.bin", b"12345", **{"X-Content-SHA256": hashlib.sha256(b"other").hexdigest()})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "digest_mismatch"


def test_a_digest_that_is_none_is_refused(ada: APIClient) -> None:
    answer = put(ada, start(ada), "a.bin", b"12345", **{"X-Content-SHA256": "abc"})

    assert answer.json()["error"]["code"] == "bad_digest"


def test_a_digest_in_capitals_matches(ada: APIClient) -> None:
    digest = hashlib.sha256(b"12345").hexdigest().upper()

    assert put(ada, start(ada), "a.bin", b"12345", **{"X-Content-SHA256": digest}).status_code == 200


def test_a_file_comes_in_ranges(ada: APIClient) -> None:
    upload = start(ada)

    half = put(ada, upload, "a.bin", b"123", **{"Content-Range": "bytes 0-2/5"}).json()
    assert (half["received"], half["complete"]) == (3, False)
    assert ada.head(f"/api/v1/uploads/{upload}/files/a.bin")["Upload-Offset"] == "3"
    whole = put(ada, upload, "a.bin", b"45", **{"Content-Range": "bytes 3-4/5"}).json()
    assert (whole["received"], whole["complete"]) == (5, True)


def test_a_file_that_nobody_sent_begins_at_zero(ada: APIClient) -> None:
    assert ada.head(f"/api/v1/uploads/{start(ada)}/files/a.bin")["Upload-Offset"] == "0"


def test_a_range_that_does_not_fit_its_body_is_refused(ada: APIClient) -> None:
    answer = put(ada, start(ada), "a.bin", b"123", **{"Content-Range": "bytes 0-3/5"})

    assert answer.json()["error"]["code"] == "bad_range"


def test_a_file_over_the_limit_is_refused(ada: APIClient, settings: object) -> None:
    settings.QUARTET_UPLOAD_LIMIT = 4  # type: ignore[attr-defined]

    answer = put(ada, start(ada), "a.bin", b"12345")
    assert answer.status_code == 413
    assert "QUARTET_UPLOAD_LIMIT" in answer.json()["error"]["remedy"]


def test_an_upload_shows_its_files(ada: APIClient) -> None:
    upload = start(ada)
    put(ada, upload, "a.bin", b"12345")

    shown = ada.get(f"/api/v1/uploads/{upload}").json()
    assert (shown["model"], shown["version"]) == ("echo", None)
    assert shown["files"][0]["complete"]


def test_an_upload_is_dropped(ada: APIClient) -> None:
    upload = start(ada)

    assert ada.delete(f"/api/v1/uploads/{upload}").status_code == 204
    assert ada.get(f"/api/v1/uploads/{upload}").status_code == 404


def test_somebody_elses_upload_is_not_there(ada: APIClient, world: World) -> None:
    upload = start(ada)
    world.ben.groups.set(world.ada.groups.all())

    answer = put(world.client(world.ben), upload, "a.bin", b"1")
    assert answer.status_code == 404


def test_an_alias_is_moved_and_its_moves_are_listed(ada: APIClient) -> None:
    publish(ada, artifact.files())
    publish(ada, artifact.files() | {"README.md": b"2"})
    ada.put("/api/v1/models/echo/aliases/candidate", {"version": 1})

    moved = ada.put("/api/v1/models/echo/aliases/candidate", {"version": "2", "reason": "better", "expected": 1})
    assert moved.json()["version"] == 2
    moves = ada.get("/api/v1/models/echo/aliases/candidate/moves").json()["results"]
    assert [(m["from_version"], m["to_version"], m["reason"]) for m in moves] == [(1, 2, "better"), (None, 1, "")]


def test_an_alias_that_moved_meanwhile_answers_409(ada: APIClient) -> None:
    publish(ada, artifact.files(), alias="candidate")

    answer = ada.put("/api/v1/models/echo/aliases/candidate", {"version": 1, "expected": None})
    assert answer.status_code == 409


def test_an_alias_is_taken_away_and_its_moves_stay(ada: APIClient) -> None:
    publish(ada, artifact.files(), alias="candidate")

    assert ada.delete("/api/v1/models/echo/aliases/candidate?reason=retired").status_code == 204
    assert ada.get("/api/v1/models/echo/aliases/candidate").status_code == 404
    moves = ada.get("/api/v1/models/echo/aliases/candidate/moves").json()["results"]
    assert moves[0]["reason"] == "retired"


WRITES = [
    ("post", "/api/v1/models"),
    ("post", "/api/v1/models/echo/uploads"),
    ("post", "/api/v1/models/echo/versions"),
    ("put", "/api/v1/models/echo/aliases/candidate"),
    ("delete", "/api/v1/models/echo/aliases/candidate"),
]


@pytest.mark.parametrize(("method", "address"), WRITES)
def test_somebody_without_the_role_may_not_write(ada: APIClient, world: World, method: str, address: str) -> None:
    publish(ada, artifact.files(), alias="candidate")

    asked = {"name": "mine", "upload": "00000000-0000-0000-0000-000000000000", "version": 1}
    assert getattr(world.client(world.cy), method)(address, asked).status_code == 403


def test_whoever_is_signed_in_may_read(ada: APIClient, world: World) -> None:
    publish(ada, artifact.files())

    assert world.client(world.cy).get("/api/v1/models/echo/versions/1").status_code == 200


@pytest.mark.parametrize(("method", "address"), [*WRITES, ("get", "/api/v1/models")])
def test_nobody_may_do_anything(db: None, method: str, address: str) -> None:
    assert getattr(APIClient(), method)(address).status_code == 401


def test_a_key_needs_the_scope_to_write(world: World, home: Path) -> None:
    client = APIClient(headers={"Authorization": f"Bearer {world.key(world.ada, 'read')}"})

    assert client.post("/api/v1/models", {"name": "echo"}).status_code == 403


def test_a_list_of_versions_does_not_read_their_files(ada: APIClient) -> None:
    publish(ada, artifact.files())

    with CaptureQueriesContext(connection) as asked:
        ada.get("/api/v1/models/echo/versions")
    assert not [query for query in asked.captured_queries if "registry_artifact" in query["sql"]]
