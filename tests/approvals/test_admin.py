"""The reviewer's page in the Django admin."""

from django.test import Client

from apps.approvals.models import ApprovalRequest
from apps.core.models import User
from tests.approvals.asking import ask, make_reviewer
from tests.world import World


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(request: ApprovalRequest) -> str:
    return f"/admin/approvals/approvalrequest/{request.pk}/change/"


def test_a_reviewer_finds_the_facts_and_two_buttons(world: World) -> None:
    html = signed_in(world.ben).get(page(ask(world.ada))).content.decode()
    assert 'value="approve"' in html
    assert 'value="reject"' in html
    assert "<strong>a</strong>: 1" in html


def test_approving_there_grants_the_request(world: World) -> None:
    request = ask(world.ada)
    url = page(request).replace("change/", "decide/")
    answer = signed_in(world.ben).post(url, {"verdict": "approve", "comment": "good"}, follow=True)
    request.refresh_from_db()
    assert request.state == "granted"
    assert "Recorded" in answer.content.decode()


def test_the_requester_sees_why_there_is_no_button(world: World) -> None:
    html = signed_in(make_reviewer(world.ada)).get(page(ask(world.ada))).content.decode()
    assert "ada asked for this and so cannot decide it." in html
    assert 'value="approve"' not in html


def test_the_requesters_hand_made_post_is_refused(world: World) -> None:
    request = ask(world.ada)
    url = page(request).replace("change/", "decide/")
    answer = signed_in(make_reviewer(world.ada)).post(url, {"verdict": "approve"}, follow=True)
    request.refresh_from_db()
    assert request.state == "open"
    assert "cannot decide it" in answer.content.decode()


def test_a_rejection_without_a_reason_is_sent_back(world: World) -> None:
    request = ask(world.ada)
    signed_in(world.ben).post(page(request).replace("change/", "decide/"), {"verdict": "reject"})
    request.refresh_from_db()
    assert request.state == "open"


def test_a_request_cannot_be_edited_or_deleted_there(world: World) -> None:
    request = ask(world.ada)
    root = signed_in(User.objects.create_superuser("root"))
    assert root.post(page(request), {"state": "granted"}).status_code == 403
    assert root.post(page(request).replace("change/", "delete/"), {"post": "yes"}).status_code == 403
    request.refresh_from_db()
    assert request.state == "open"
