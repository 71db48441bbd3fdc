"""Samples are declared over REST as one archive, and dataset versions shown."""

import io
import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from rest_framework.test import APIClient

from apps.datasets.models import Asset, DatasetVersion
from apps.datasets.selectors import version_samples
from apps.datasets.services import unpacking
from tests.world import World

pytestmark = pytest.mark.django_db
SEVEN = {"inputs": {"image": "pictures/7.png", "caption": {"text": "seven"}}, "label": 7, "slices": ["clean"]}
ONE = {"inputs": {"image": "./pictures/1.png"}, "label": "1"}
FILES = {"pictures/7.png": b"a seven", "pictures/1.png": b"a one"}


def packed(files: dict[str, bytes], *lines: object, mode: str = "w", listed: str = "samples.jsonl") -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in {**files, listed: "\n".join(map(json.dumps, lines)).encode()}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return held.getvalue()


def linked() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        member = tarfile.TarInfo("secret.png")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    return held.getvalue()


@pytest.fixture
def client(world: World, home: Path) -> APIClient:
    made = APIClient()
    made.credentials(HTTP_AUTHORIZATION=f"Bearer {world.key(world.ada, 'training:write', 'read')}")
    return made


def send(client: APIClient, body: bytes, name: str = "digits", query: str = "") -> HttpResponse:
    answer: HttpResponse = client.post(
        f"/api/v1/datasets/{name}/versions{query}", body, content_type="application/x-tar"
    )
    return answer


def code(answer: Any) -> str:
    return f"{answer.status_code} {answer.json()['error']['code']}"


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_an_archive_of_samples_becomes_a_version(client: APIClient, mode: str) -> None:
    answer = send(client, packed(FILES, SEVEN, ONE, mode=mode))
    assert answer.status_code == 201, answer.content
    said = answer.json()  # type: ignore[attr-defined]
    assert (said["name"], said["samples_count"], said["inputs"]) == ("digits/1", 2, ["caption", "image"])
    by_label = {each.label: each for each in version_samples(DatasetVersion.objects.get())}
    assert by_label["7"].slices == ("clean",) and by_label["7"].declared
    found = Asset.objects.get(pk=by_label["1"].inputs["image"])
    assert (found.media_type, found.size) == ("image/png", len(b"a one"))


def test_the_same_samples_are_the_version_that_they_are_already(client: APIClient) -> None:
    first = send(client, packed(FILES, SEVEN, ONE))
    again = send(client, packed(FILES, ONE, SEVEN, mode="w:gz"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["digest"] == again.json()["digest"]  # type: ignore[attr-defined]


def test_what_stands_in_another_version_is_left_out(client: APIClient) -> None:
    send(client, packed(FILES, ONE), "exam")
    assert send(client, packed(FILES, SEVEN, ONE), query="?without=exam/1").json()["samples_count"] == 1  # type: ignore[attr-defined]


def test_versions_are_listed_newest_first_and_shown(client: APIClient) -> None:
    send(client, packed(FILES, ONE), "exam")
    send(client, packed(FILES, SEVEN))
    send(client, packed(FILES, SEVEN, ONE))
    listed = client.get("/api/v1/datasets").json()["results"]
    assert [each["name"] for each in listed] == ["digits/2", "digits/1", "exam/1"]
    assert [each["name"] for each in client.get("/api/v1/datasets?dataset=exam").json()["results"]] == ["exam/1"]
    assert client.get("/api/v1/datasets/digits/versions/2").json() == listed[0]
    assert client.get("/api/v1/datasets/digits/versions/3").status_code == 404


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "no tar archive"),
        (b"not a tar archive" * 100, "no tar archive"),
        (packed(FILES, ONE, mode="w:gz")[:-40], "no tar archive"),
        (packed(FILES, ONE, listed="deeper/samples.jsonl"), "no samples.jsonl at the top"),
        (packed({}, ONE), "Line 1 .*'./pictures/1.png' is not in the archive"),
        (packed(FILES, SEVEN, {"inputs": {"image": 7}, "label": "7"}), "Line 2 .*neither a path nor a text"),
        (packed({**FILES, "samples.jsonl": b""}, SEVEN, []), "Line 2 "),
        (linked(), "secret.png' is no file"),
    ],
)
def test_what_cannot_be_taken_is_named_and_nothing_is_frozen(client: APIClient, body: bytes, told: str) -> None:
    answer = send(client, body)
    assert code(answer) == "400 bad_dataset"
    assert re.search(told, answer.json()["error"]["message"])  # type: ignore[attr-defined]
    assert not DatasetVersion.objects.exists()


@pytest.mark.parametrize("piece", ["\0", "\ud800", "\udcff"])
@pytest.mark.parametrize(
    "change",
    [
        lambda piece: {"label": piece},
        lambda piece: {"slices": [piece]},
        lambda piece: {"inputs": {piece: "pictures/7.png"}},
        lambda piece: {"inputs": {"image": f"{piece}.png"}},
    ],
    ids=["label", "slice", "name", "path"],
)
def test_what_no_row_can_hold_is_refused_with_its_line(
    client: APIClient, change: Callable[[str], dict[str, object]], piece: str
) -> None:
    answer = send(client, packed(FILES, ONE, SEVEN | change(piece)))
    assert code(answer) == "400 bad_dataset"
    told = f"Line 2 .*{re.escape(repr(piece)[1:-1])}.* has NUL or half a surrogate pair"
    assert re.search(told, answer.json()["error"]["message"])  # type: ignore[attr-defined]


def test_a_text_that_is_none_is_refused_with_its_line(client: APIClient) -> None:
    answer = send(client, packed({}, SEVEN | {"inputs": {"caption": {"text": "\ud800"}}}))
    assert code(answer) == "400 bad_dataset"


def test_a_label_of_null_is_none(client: APIClient) -> None:
    answer = send(client, packed(FILES, SEVEN, ONE | {"label": None}))
    assert code(answer) == "400 labels_missing"


def test_a_bad_name_is_refused_before_anything_is_kept(client: APIClient) -> None:
    assert code(send(client, packed(FILES, ONE), "Digits")) == "400 bad_dataset"
    assert not Asset.objects.exists()


def test_an_archive_that_grows_beyond_the_limit_when_it_is_unpacked_is_refused(
    client: APIClient, settings: Any
) -> None:
    settings.QUARTET_UPLOAD_LIMIT = 100_000
    body = packed({"0.png": bytes(200_000)}, ONE, mode="w:gz")
    assert len(body) < 10_000
    assert code(send(client, body)) == "413 archive_too_large"


def extended(size: int) -> bytes:
    """An archive whose first header claims that so many bytes tell the next one's name."""
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, size
    return header.tobuf()


def test_a_header_that_claims_gigabytes_is_refused_before_they_are_read(client: APIClient) -> None:
    assert code(send(client, extended(4 * 1024**3))) == "413 archive_too_large"


def test_headers_that_extend_each_other_without_end_are_no_archive(client: APIClient) -> None:
    assert code(send(client, (extended(512) + bytes(512)) * 5000)) == "400 bad_dataset"


def crafted(**headers: str) -> bytes:
    """An archive whose only file has these pax headers; `_` stands for a dot."""
    held = io.BytesIO()
    named = {name.replace("_", "."): value for name, value in headers.items()}
    with tarfile.open(fileobj=held, mode="w", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("1.png")
        member.pax_headers = named
        archive.addfile(member)
    return held.getvalue()


@pytest.mark.parametrize("first", [b"", tarfile.TarInfo("0.png").tobuf()], ids=["at once", "further on"])
@pytest.mark.parametrize("headers", [{"GNU_sparse_size": "x"}, {"GNU_sparse_map": "a,b"}], ids=["size", "map"])
def test_headers_with_numbers_that_are_none_are_no_archive(
    client: APIClient, headers: dict[str, str], first: bytes
) -> None:
    answer = send(client, first + crafted(**headers))
    assert code(answer) == "400 bad_dataset"
    assert "no tar archive" in answer.json()["error"]["message"]  # type: ignore[attr-defined]


def test_a_file_of_fewer_bytes_than_none_is_refused_in_words(client: APIClient) -> None:
    answer = send(client, crafted(size="-1000000"))
    assert code(answer) == "400 bad_dataset"
    assert "'1.png' in the archive claims to have -1,000,000 bytes" in answer.json()["error"]["message"]  # type: ignore[attr-defined]


def test_a_claim_of_gigabytes_that_a_global_header_hides_is_refused_before_they_are_passed_over(
    client: APIClient,
) -> None:
    hiding = tarfile.TarInfo.create_pax_global_header({"size": "5"})  # type: ignore[attr-defined]
    member = tarfile.TarInfo("1.png")
    member.size = 64 * 1024**3
    assert code(send(client, hiding + member.tobuf(format=tarfile.GNU_FORMAT))) == "413 archive_too_large"


def sparse() -> bytes:
    """An archive whose file has one byte, after it says that its map goes on; it ends there."""
    made = tarfile.TarInfo("1.png")
    made.type, made.size = tarfile.GNUTYPE_SPARSE, 1
    header = bytearray(made.tobuf(format=tarfile.GNU_FORMAT))
    header[482], header[148:156] = 1, b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize(
    "body",
    [
        sparse(),
        crafted(GNU_sparse_map="0,1", GNU_sparse_size="1"),
        crafted(GNU_sparse_major="1", GNU_sparse_minor="0"),
    ],
    ids=["old", "0.1", "1.0"],
)
def test_a_sparse_file_is_refused_before_its_map_is_followed(client: APIClient, body: bytes) -> None:
    answer = send(client, body)
    assert code(answer) == "400 bad_dataset"
    assert "'1.png' in the archive is a sparse file" in answer.json()["error"]["message"]  # type: ignore[attr-defined]


def test_a_link_whose_name_is_no_utf_8_is_refused_in_words(client: APIClient) -> None:
    link = tarfile.TarInfo("\udcff.png")
    link.type = tarfile.SYMTYPE
    answer = send(client, link.tobuf(format=tarfile.GNU_FORMAT, errors="surrogateescape"))
    assert code(answer) == "400 bad_dataset"
    assert "'�.png' is no file" in answer.json()["error"]["message"]  # type: ignore[attr-defined]


def test_directories_count_as_members_and_are_not_remembered(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "MEMBERS_MOST", 50)
    directory = tarfile.TarInfo("d")
    directory.type = tarfile.DIRTYPE
    assert code(send(client, directory.tobuf() * 51)) == "413 archive_too_large"
    assert send(client, directory.tobuf() * 40 + packed(FILES, ONE, SEVEN)).status_code == 201


def test_a_key_without_the_scope_declares_nothing(world: World, home: Path) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.key(world.ada, 'read', 'models:write')}")
    assert send(client, packed(FILES, ONE)).status_code == 403
