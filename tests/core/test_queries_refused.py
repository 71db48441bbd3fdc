"""A query that no row can answer is the caller's mistake: said in the shape of errors, never an error of ours."""

from base64 import b64encode
from urllib.parse import urlencode

import pytest

from tests.approvals.asking import ask
from tests.world import World

LISTS = ["approvals", "audit", "deployments", "keys", "models", "nodes", "replicas"]
POSITIONS = ["abc", "\0", "1\0", "", "1.5", "9" * 5000, "99999999999999999999999999", "-99999999999999999999999999"]


def cursor(position: str, reverse: str = "0") -> str:
    return b64encode(urlencode({"p": position, "r": reverse}).encode()).decode()


@pytest.mark.parametrize("reverse", ["0", "1"])
@pytest.mark.parametrize("address", LISTS)
def test_a_cursor_that_no_list_gave_is_refused(world: World, address: str, reverse: str) -> None:
    ask(world.ada)
    for position in POSITIONS:
        sent = {"cursor": cursor(position, reverse)}
        answer = world.client(world.ada).get(f"/api/v1/{address}", sent)
        assert answer.status_code in (200, 400), (position, answer.content)
        if answer.status_code == 400:
            assert answer.json()["error"]["code"] == "invalid_cursor"


@pytest.mark.parametrize("cursor", [cursor("abc"), cursor("\0"), "cD1hYmM=", "a", "é"])
def test_its_remedy_is_to_begin_again(world: World, cursor: str) -> None:
    answer = world.client(world.ada).get("/api/v1/audit", {"cursor": cursor})
    assert answer.status_code == 400
    assert "first page" in answer.json()["error"]["remedy"]


def test_a_cursor_that_a_list_gave_leads_on(world: World) -> None:
    asked = [str(ask(world.ada).pk) for _ in range(3)]
    client = world.client(world.ada)
    first = client.get("/api/v1/approvals", {"page_size": 2}).json()
    second = client.get(first["next"]).json()
    assert [each["id"] for each in first["results"] + second["results"]] == asked[::-1]
    assert client.get(second["previous"]).json()["results"] == first["results"]


@pytest.mark.parametrize("parameter", ["target", "cursor", "page_size", "format", "unheard-of"])
@pytest.mark.parametrize("address", ["approvals", "audit"])
def test_a_nul_in_a_query_is_no_error_of_ours(world: World, address: str, parameter: str) -> None:
    answer = world.client(world.ada).get(f"/api/v1/{address}", {parameter: "\0"})
    assert answer.status_code in (200, 400, 404)
    if answer.status_code != 200:
        assert answer.json()["error"]["fault"] == "caller"


def test_a_target_with_a_nul_is_named(world: World) -> None:
    answer = world.client(world.ada).get("/api/v1/audit?target=%00")
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("target: ")


def test_the_audit_trail_is_narrowed_to_one_target(world: World) -> None:
    request, _ = ask(world.ada), ask(world.ada)
    [entry] = world.client(world.ada).get("/api/v1/audit", {"target": f"approval:{request.pk}"}).json()["results"]
    assert entry["action"] == "approval.requested"
