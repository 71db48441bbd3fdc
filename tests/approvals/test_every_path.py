"""Whatever path a decision takes, the same service refuses it: too late, twice, one's own, or without the right."""

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from apps.approvals.models import ApprovalRequest, Policy
from apps.approvals.services import decision_record
from apps.core.errors import QuartetError
from apps.core.models import AuditEntry, OutboxEvent, User
from tests.approvals.asking import ask, asked_before, make_reviewer
from tests.world import World

pytestmark = pytest.mark.django_db
Path = Callable[[World, User, ApprovalRequest], str]
Fault = Callable[[World], tuple[User, ApprovalRequest]]


def _browser(user: User) -> Client:
    User.objects.filter(pk=user.pk).update(is_staff=True)
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    return client


def by_service_call(world: World, actor: User, request: ApprovalRequest) -> str:
    """As a script of the operator does."""
    try:
        return decision_record(actor=actor, request_id=request.pk, verdict="approve").state
    except QuartetError as error:
        return error.message


def by_rest(world: World, actor: User, request: ApprovalRequest) -> str:
    answer = world.client(actor).post(f"/api/v1/approvals/{request.pk}/decisions", {"verdict": "approve"})
    return str(answer.json())


def by_key(world: World, actor: User, request: ApprovalRequest) -> str:
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {world.key(actor, 'approvals:write')}")
    return str(client.post(f"/api/v1/approvals/{request.pk}/decisions", {"verdict": "approve"}).json())


def in_the_admin(world: World, actor: User, request: ApprovalRequest) -> str:
    address = f"/admin/approvals/approvalrequest/{request.pk}/decide/"
    client = _browser(actor)
    answer = client.post(address, {"verdict": "approve", "comment": ""})
    return " ".join(str(each) for each in answer.wsgi_request._messages)


def on_the_dashboard(world: World, actor: User, request: ApprovalRequest) -> str:
    answer = _browser(actor).post(f"/approvals/{request.pk}/decide", {"verdict": "approve"})
    return answer.content.decode()


def after_expiry(world: World) -> tuple[User, ApprovalRequest]:
    return world.ben, asked_before(73, world.ada)


def twice(world: World) -> tuple[User, ApprovalRequest]:
    """Two are asked for, and Ben has said his word."""
    Policy.objects.create(kind="rollout", approvals_required=2)
    request = ask(world.ada)
    decision_record(actor=world.ben, request_id=request.pk, verdict="approve")
    return world.ben, request


def by_the_requester(world: World) -> tuple[User, ApprovalRequest]:
    ada = make_reviewer(world.ada)
    return ada, ask(ada)


def without_the_right(world: World) -> tuple[User, ApprovalRequest]:
    return world.cy, ask(world.ada)


PATHS = [by_service_call, by_rest, by_key, in_the_admin, on_the_dashboard]
FAULTS = {
    after_expiry: "expired on",
    twice: "ben has already decided",
    by_the_requester: "ada asked for this and so cannot decide it",
    without_the_right: "cy may not decide approval requests",
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_count_is_refused_in_words_and_leaves_no_decision(world: World, path: Path, fault: Fault) -> None:
    actor, request = fault(world)
    before = request.decisions.count()
    assert FAULTS[fault] in path(world, actor, request)
    request.refresh_from_db()
    assert request.state == ("expired" if fault is after_expiry else "open")
    assert request.decisions.count() == before
    assert AuditEntry.objects.filter(action="approval.approve").count() == before
    assert not OutboxEvent.objects.filter(name="approvals.granted").exists()


@pytest.mark.parametrize("path", PATHS)
def test_what_counts_is_one_decision_and_one_entry_by_name(world: World, path: Path) -> None:
    request = ask(world.ada)
    path(world, world.ben, request)
    request.refresh_from_db()
    assert (request.state, request.decisions.get().reviewer) == ("granted", world.ben)
    assert AuditEntry.objects.get(action="approval.approve").actor == world.ben
    assert OutboxEvent.objects.filter(name="approvals.granted").count() == 1
