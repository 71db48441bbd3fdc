"""Where a version's reference profile comes from, and what is told of one that cannot be used."""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.core.ids import new_id
from apps.core.models import AuditEntry
from apps.drift.models import ReferenceProfile
from apps.drift.rules.profile import ReferenceProfile as Profile
from apps.drift.services import profiles, reference_read, run_request
from tests.drift.recorded import Watched
from tests.drift.test_runs import darker
from tests.world import World

AT = "/api/v1/models/model-digits/versions/1/reference"


@pytest.fixture
def bare(world: World, home: Path) -> Watched:
    """Without a profile."""
    return Watched(world)


def brings(watched: Watched, content: bytes) -> None:
    """The version's artifact holds this file, and its registration is told of, twice."""
    watched.version.directory.mkdir(parents=True)
    (watched.version.directory / "reference.json").write_bytes(content)
    for _ in range(2):
        told = {"model": "model-digits", "version": 1, "digest": watched.version.digest}
        reference_read(event_id=new_id(), version_id=watched.version.pk, **told)


def shown(watched: Watched) -> dict[str, Any]:
    return watched.world.client(watched.world.cy).get(AT).json()  # type: ignore[no-any-return]


def test_a_version_brings_its_profile_and_it_is_read_once(bare: Watched) -> None:
    brings(bare, bare.profile_text().encode())
    told = shown(bare)
    assert (told["source"], told["samples"], told["problem"]) == ("artifact", 500, "")
    assert "image.brightness" in told["signals"]
    assert ReferenceProfile.objects.count() == 1


def test_a_version_without_one_has_none(bare: Watched) -> None:
    bare.version.directory.mkdir(parents=True)
    reference_read(event_id=new_id(), version_id=bare.version.pk)
    answer = bare.world.client(bare.world.cy).get(AT)
    assert answer.status_code == 404
    assert "no reference profile" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"schema": 99}', "is of schema 99"),
        (b"not json", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"schema": 1, "samples": 1, "modalities": {}, "signals": {"a": {"kind": "number"}}}', "Signal 'a'"),
        (b'{"schema": 1, "samples": 1e999, "modalities": {}, "signals": {}}', "lacks its samples"),
        (b'{"schema": 1, "samples": -5, "modalities": {}, "signals": {}}', "which cannot be"),
        (b'{"schema": 1, "samples": 1, "modalities": {"\\u0000": "image"}, "signals": {}}', "The name"),
        (b"\xff\xfe", "is no JSON"),
    ],
)
def test_one_that_cannot_be_used_keeps_no_version_out_and_says_what_is_wrong(
    bare: Watched, content: bytes, problem: str
) -> None:
    brings(bare, content)
    assert problem in shown(bare)["problem"]
    answer = bare.world.client(bare.world.ada).post("/api/v1/deployments/digits/drift/runs")
    assert answer.status_code == 409
    assert problem in answer.json()["error"]["message"]


ENDLESS = {"kind": "embedding", "count": 1, "dimension": 1, "mean": [0], "deviation": [1e999], "placed": "AAAAAA=="}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"signals": {"image.embedding": ENDLESS}}, "a space that is none"),
        ({"signals": {"image.\ud800": {"kind": "category", "count": 1, "counts": {"a": 1}}}}, "half a surrogate pair"),
        ({"schema": "\0\ud800"}, "is of schema ��;"),
    ],
)
class TestOneThatNoRowCanHold:
    def test_is_refused_in_words(self, bare: Watched, changed: dict[str, Any], problem: str) -> None:
        body = json.dumps(json.loads(bare.profile_text()) | changed)
        answer = bare.world.client(bare.world.ada).put(AT, body, content_type="application/json")
        assert answer.status_code == 422
        assert problem in answer.json()["error"]["message"]

    def test_is_kept_as_the_versions_problem(self, bare: Watched, changed: dict[str, Any], problem: str) -> None:
        brings(bare, json.dumps(json.loads(bare.profile_text()) | changed).encode())
        assert problem in shown(bare)["problem"]


def test_one_that_is_too_large_is_not_even_read(bare: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "BYTES_MOST", 10)
    brings(bare, b'{"schema": 99}')
    assert "14 bytes" in shown(bare)["problem"]


def test_one_is_uploaded_and_audited_and_the_same_again_is_the_same(bare: Watched) -> None:
    client = bare.world.client(bare.world.ada)
    body = json.loads(bare.profile_text())
    first, again = client.put(AT, body).json(), client.put(AT, body).json()
    assert first == again == shown(bare)
    assert (first["source"], first["created_by"]) == ("upload", "ada")
    assert AuditEntry.objects.filter(action="reference.set").count() == 1


def test_an_upload_of_another_schema_is_refused(bare: Watched) -> None:
    answer = bare.world.client(bare.world.ada).put(AT, {"schema": 99})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "profile_unknown_schema"
    assert not ReferenceProfile.objects.exists()


def test_who_may_not_publish_sets_none(bare: Watched) -> None:
    assert bare.world.client(bare.world.cy).put(AT, {"schema": 1}).status_code == 403


def test_a_key_sets_one_with_the_scope_for_models(bare: Watched) -> None:
    client = bare.world.client(bare.world.ada)
    client.force_authenticate(None)
    body = json.loads(bare.profile_text(60))
    for scope, status in (("deployments:write", 403), ("models:write", 200)):
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {bare.world.key(bare.world.ada, scope)}")
        assert client.put(AT, body).status_code == status


def test_it_is_built_of_the_newest_predictions_and_these_then_look_as_they_should(bare: Watched) -> None:
    bare.record(600, darker)
    answer = bare.world.client(bare.world.ada).post(AT, {"deployment": "digits", "predictions": 500})
    assert answer.status_code == 201, answer.json()
    told = answer.json()
    assert (told["source"], told["samples"]) == ("predictions", 500)
    assert told["built_from"]["revision"] == 1
    assert {"image.brightness", "sound.missing", "prediction", "confidence"} <= set(told["signals"])
    bare.record(400, darker)
    run_request(actor=bare.world.ada, deployment=bare.deployment)
    assert bare.run().verdict == "steady"


def test_none_is_built_of_too_few(bare: Watched) -> None:
    bare.record(49)
    answer = bare.world.client(bare.world.ada).post(AT, {"deployment": "digits"})
    assert answer.status_code == 422
    assert "Only 49 predictions" in answer.json()["error"]["message"]


def test_what_is_kept_reads_back_as_what_was_given(bare: Watched) -> None:
    text = bare.profile_text()
    brings(bare, text.encode())
    assert Profile.from_json(ReferenceProfile.objects.get().content).to_json() == text
