"""A request that nobody answers in time expires, whoever notices first, and says so."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from apps.approvals.errors import RequestExpired
from apps.approvals.models import ApprovalRequest, Policy
from apps.approvals.selectors import requests_open
from apps.approvals.services import decision_record, requests_expire
from apps.core.errors import QuartetError
from apps.core.models import AuditEntry, OutboxEvent, User
from apps.deployments.models import Revision
from tests.approvals.asking import ask, asked_before, make_reviewer
from tests.world import World
from workers import housekeeping
from workers.relay import relay_run


def test_it_expires_after_the_settings_hours(world: World) -> None:
    request = ask(world.ada)
    assert request.expires_at is not None
    assert timedelta(hours=71) < request.expires_at - request.opened_at <= timedelta(hours=72, seconds=1)


def test_a_policy_may_say_otherwise(world: World) -> None:
    Policy.objects.create(kind="rollout", expires_after_h=1)
    request = ask(world.ada)
    assert request.expires_at is not None
    assert request.expires_at - request.opened_at < timedelta(hours=1, seconds=1)


def test_an_approval_after_expiry_closes_it_and_is_refused(world: World) -> None:
    request = asked_before(73, world.ada)
    with pytest.raises(RequestExpired, match="expired on"):
        decision_record(actor=world.ben, request_id=request.pk, verdict="approve")
    request.refresh_from_db()
    assert (request.state, request.decisions.count()) == ("expired", 0)
    assert AuditEntry.objects.filter(action="approval.expired").count() == 1


def test_an_approval_after_expiry_is_409_over_rest(world: World) -> None:
    request = asked_before(73, world.ada)
    client = world.client(world.ben)
    assert client.get(f"/api/v1/approvals/{request.pk}").json()["state"] == "expired"
    answer = client.post(f"/api/v1/approvals/{request.pk}/decisions", {"verdict": "approve"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "approval_expired")


def test_housekeeping_expires_it_and_what_was_asked_about_ends(world: World) -> None:
    asked_before(73, world.ada)
    housekeeping.tidy()
    relay_run()
    assert ApprovalRequest.objects.filter(state="expired").count() == 1
    revision = Revision.objects.order_by("pk").first()
    assert revision is not None
    assert (revision.state, revision.state_reason[:20]) == ("rejected", "Nobody decided until")


def test_what_is_not_due_stays(world: World) -> None:
    request = asked_before(71, world.ada)
    assert requests_expire() == 0
    assert list(requests_open()) == [request]


def test_an_overdue_request_does_not_wait_for_anybody_any_more(world: World) -> None:
    asked_before(73, world.ada)
    assert not requests_open().exists()


@pytest.mark.django_db(transaction=True)
def test_a_decision_and_housekeeping_at_once_expire_it_once() -> None:
    world = World.create()
    request = asked_before(73, world.ada)
    dan = make_reviewer(world.cy)
    barrier = Barrier(3)

    def run(act: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=30)
            act()
        except QuartetError:
            pass
        finally:
            connection.close()

    def approve(who: User) -> Callable[[], object]:
        return lambda: decision_record(actor=who, request_id=request.pk, verdict="approve")

    acts = [requests_expire, approve(world.ben), approve(dan)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run, acts))
    assert AuditEntry.objects.filter(action="approval.expired").count() == 1
    assert OutboxEvent.objects.filter(name="approvals.lapsed").count() == 1
    assert not OutboxEvent.objects.filter(name="approvals.granted").exists()
