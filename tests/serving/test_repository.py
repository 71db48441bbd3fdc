"""Triton's model repository: the index tells what there is; changes go through revisions."""

import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from tests.serving import worlds


def headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {worlds.GOOD_KEY}"}


@pytest.fixture
def client(busy_plane):
    with triton.InferenceServerClient(busy_plane.gateway.url.removeprefix("http://")) as client:
        yield client


def index(plane, body: bytes = b"", key: str = worlds.GOOD_KEY):
    return plane.http.post("/v2/repository/index", content=body, headers={"Authorization": f"Bearer {key}"})


def test_the_index_lists_each_version_that_takes_traffic(client):
    (entry,) = client.get_model_repository_index(headers=headers())
    assert (entry["name"], entry["version"], entry["state"]) == ("doubler", "1", "READY")


def test_the_index_of_the_ready_leaves_out_the_others(busy_plane):
    busy_plane.publish(doubler=worlds.deployment(), cold=worlds.deployment(ready=False))
    everything, ready = (index(busy_plane, body).json() for body in (b"{}", b'{"ready": true}'))
    assert {each["name"]: each["state"] for each in everything} == {"doubler": "READY", "cold": "UNAVAILABLE"}
    assert [each["name"] for each in ready] == ["doubler"]
    busy_plane.publish(doubler=worlds.deployment(), empty=worlds.deployment(ready=False, splits=[]))


def test_the_index_shows_a_key_what_it_opens(busy_plane):
    assert index(busy_plane, key=worlds.ELSEWHERE_KEY).json() == []
    assert index(busy_plane, key="guess").status_code == 401


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"ready": 1}', b" " * 5000])
def test_an_index_with_a_body_that_means_nothing_is_refused(busy_plane, body):
    assert index(busy_plane, body).status_code == 400


def test_loading_what_is_live_is_done_already(client):
    client.load_model("doubler", headers=headers())


@pytest.mark.parametrize("verb", ["load_model", "unload_model"])
def test_any_other_change_goes_through_a_revision(client, verb):
    with pytest.raises(InferenceServerException, match=r"is not (load|unload)ed by its clients"):
        getattr(client, verb)("empty" if verb == "load_model" else "doubler", headers=headers())


def test_a_refused_change_says_where_changes_are_made(busy_plane):
    answer = busy_plane.http.post("/v2/repository/models/doubler/unload", content=b"{}")
    assert (answer.status_code, answer.json()["code"]) == (409, "managed_by_revisions")
    assert "/api/v1/deployments/" in answer.json()["remedy"]
