"""Approvals over REST."""

from rest_framework.test import APIClient

from tests.approvals.asking import ask, make_reviewer
from tests.world import World


def test_a_reviewer_decides_over_rest(world: World) -> None:
    request = ask(world.ada)
    answer = world.client(world.ben).post(
        f"/api/v1/approvals/{request.pk}/decisions", {"verdict": "approve", "comment": ""}
    )
    assert answer.status_code == 200
    assert answer.json()["state"] == "granted"


def test_the_requester_is_refused_over_rest(world: World) -> None:
    request = ask(world.ada)
    answer = world.client(make_reviewer(world.ada)).post(
        f"/api/v1/approvals/{request.pk}/decisions", {"verdict": "approve"}
    )
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "four_eyes"


def test_a_key_without_the_scope_is_refused_although_its_user_may(world: World) -> None:
    request = ask(world.ada)
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {world.key(world.ben, 'read')}")
    answer = client.post(f"/api/v1/approvals/{request.pk}/decisions", {"verdict": "approve"})
    assert answer.status_code == 403
    assert "approvals:write" in answer.json()["error"]["message"]


def test_a_verdict_that_is_neither_is_named(world: World) -> None:
    request = ask(world.ada)
    answer = world.client(world.ben).post(f"/api/v1/approvals/{request.pk}/decisions", {"verdict": "maybe"})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("verdict:")


def test_requests_are_listed_with_their_decisions(world: World) -> None:
    ask(world.ada)
    [listed] = world.client(world.cy).get("/api/v1/approvals").json()["results"]
    assert (listed["requested_by"], listed["state"], listed["decisions"]) == ("ada", "open", [])


def test_a_rejection_without_its_reason_is_sent_back(world: World) -> None:
    request = ask(world.ada)
    answer = world.client(world.ben).post(f"/api/v1/approvals/{request.pk}/decisions", {"verdict": "reject"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "reason_missing"
    request.refresh_from_db()
    assert request.state == "open"
