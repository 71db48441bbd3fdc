"""Objectives, alerts and subscriptions over REST: who may, what is answered, what is refused."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.core.models import AuditEntry
from apps.inference.services import key_create
from apps.monitoring.models import Alert, AlertMail, Objective
from apps.monitoring.rules.findings import Finding, Severity
from apps.monitoring.services import alert_raise, alert_resolve, objectives_judge
from tests.deployments.makers import make_deployment
from tests.monitoring.promises import traffic
from tests.world import World

pytestmark = pytest.mark.django_db
OBJECTIVES = "/api/v1/deployments/digits/objectives"
ALERTS, MINE = "/api/v1/alerts", "/api/v1/alert-subscriptions"


@pytest.fixture
def ada(world: World) -> APIClient:
    make_deployment(world)
    make_deployment(world, "letters")
    return world.client(world.ada)


def raised(deployment: str = "digits", severity: Severity = Severity.PAGE, rule: str = "availability") -> Alert:
    alert = alert_raise(finding=Finding(rule, f"{deployment} burns", severity, deployment, "availability"))
    assert alert is not None
    return alert


def with_key(world: World, *scopes: str, deployments: list[str] | None = None) -> APIClient:
    _, text = key_create(
        actor=world.ada, name=f"key {world.ada.api_keys.count()}", scopes=list(scopes), deployments=deployments or []
    )
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {text}")


def test_an_objective_is_promised_judged_changed_and_taken_back(ada: APIClient) -> None:
    made = ada.post(OBJECTIVES, {"kind": "availability", "target": 0.99})
    assert (made.status_code, made.json()["state"], made.json()["days"]) == (201, "unknown", 28)
    traffic(minutes=60, errors={"model_failed": 1}, requests=200)
    objectives_judge()
    [shown] = ada.get(OBJECTIVES).json()
    assert (shown["name"], shown["state"]) == ("availability", "holds")
    assert (shown["total"], shown["bad"]) == (12_000, 60)
    assert (shown["measured"], shown["budget_left"], shown["burn_rate"]) == pytest.approx((0.995, 0.5, 0.5))
    one = f"{OBJECTIVES}/{shown['id']}"
    changed = ada.patch(one, {"target": 0.9}).json()
    assert (changed["target"], changed["state"], changed["measured"]) == (0.9, "unknown", None)
    assert ada.delete(one).status_code == 204
    assert ada.get(one).status_code == 404
    acts = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"objective.created", "objective.changed", "objective.deleted"} <= acts


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ({"kind": "availability", "target": 1}, "bad_objective"),
        ({"kind": "latency", "target": 0.9}, "bad_objective"),
        ({"kind": "accuracy", "target": 0.9, "days": 28}, "bad_objective"),
        ({"kind": "beauty", "target": 0.9}, "invalid"),
        ({"kind": "availability", "target": "NaN"}, "invalid"),
        ({"kind": "availability"}, "invalid"),
    ],
)
def test_what_cannot_be_promised_is_refused(ada: APIClient, question: dict[str, Any], code: str) -> None:
    refused = ada.post(OBJECTIVES, question)
    assert refused.status_code in (400, 422)
    assert refused.json()["error"]["code"] == code
    assert not Objective.objects.exists()


def test_a_deployment_has_one_of_each_and_latencies_at_several_bounds(ada: APIClient) -> None:
    for within in (100, 250):
        asked = {"kind": "latency", "target": 0.95, "within_ms": within}
        assert ada.post(OBJECTIVES, asked).status_code == 201
    again = ada.post(OBJECTIVES, {"kind": "latency", "target": 0.9, "within_ms": 250})
    assert (again.status_code, again.json()["error"]["code"]) == (409, "objective_taken")


def test_promising_needs_the_operators_role_and_a_key_its_scope_and_deployment(ada: APIClient, world: World) -> None:
    asked = {"kind": "availability", "target": 0.99}
    assert world.client(world.cy).post(OBJECTIVES, asked).status_code == 403
    assert with_key(world, "read").post(OBJECTIVES, asked).status_code == 403
    assert with_key(world, "alerts:write", deployments=["letters"]).post(OBJECTIVES, asked).status_code == 403
    assert with_key(world, "alerts:write", deployments=["digits"]).post(OBJECTIVES, asked).status_code == 201


def test_alerts_are_listed_newest_first_and_narrowed(ada: APIClient) -> None:
    raised()
    raised("letters", Severity.TICKET, "drift")
    alert_resolve(key=("availability", "digits", "availability"), why="It holds again.")

    def titles(query: str) -> list[str]:
        return [each["title"] for each in ada.get(ALERTS + query).json()["results"]]

    assert titles("") == ["letters burns", "digits burns"]
    assert titles("?state=open") == titles("?deployment=letters") == titles("?rule=drift") == ["letters burns"]
    assert titles("?severity=page") == titles("?state=resolved") == ["digits burns"]
    assert ada.get(ALERTS + "?state=shut").status_code == 400


def test_a_key_sees_alerts_of_its_deployments_alone(ada: APIClient, world: World) -> None:
    mine, others = raised(), raised("letters")
    key = with_key(world, "read", "alerts:write", deployments=["digits"])
    assert [each["id"] for each in key.get(ALERTS).json()["results"]] == [str(mine.pk)]
    assert key.get(f"{ALERTS}/{mine.pk}").status_code == 200
    assert key.get(f"{ALERTS}/{others.pk}").status_code == 404
    assert key.post(f"{ALERTS}/{others.pk}/acknowledge").status_code == 404


def test_what_is_only_suspected_is_not_there_yet(ada: APIClient) -> None:
    suspected = alert_raise(finding=Finding("replicas", "digits has no replica ready", Severity.PAGE, "digits"))
    assert suspected is not None
    assert ada.get(ALERTS).json()["results"] == []
    assert ada.get(f"{ALERTS}/{suspected.pk}").status_code == 404


def test_an_alert_is_acknowledged_once_with_a_comment(ada: APIClient, world: World) -> None:
    one = f"{ALERTS}/{raised().pk}/acknowledge"
    assert world.client(world.cy).post(one).status_code == 403
    answer = ada.post(one, {"comment": "On it."}).json()
    assert (answer["acknowledged_by"], answer["comment"], answer["state"]) == ("ada", "On it.", "open")
    again = ada.post(one)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already_acknowledged")


def test_everybody_subscribes_for_themselves(ada: APIClient, world: World) -> None:
    made = ada.post(MINE, {"deployment": "digits", "severity": "page"}).json()
    assert ada.post(MINE, {"deployment": "digits"}).json()["error"]["code"] == "subscription_taken"
    assert ada.post(MINE, {"deployment": "nobody"}).status_code == 404
    one, ben = f"{MINE}/{made['id']}", world.client(world.ben)
    assert ben.get(MINE).json()["results"] == []
    assert (ben.patch(one, {"severity": "ticket"}).status_code, ben.delete(one).status_code) == (404, 404)
    assert ada.patch(one, {"severity": "ticket"}).json()["severity"] == "ticket"
    assert ada.delete(one).status_code == 204
    assert ada.get(MINE).json()["results"] == []


def test_an_account_without_an_address_is_told_so(ada: APIClient, world: World) -> None:
    type(world.cy).objects.filter(pk=world.cy.pk).update(email="")
    world.cy.refresh_from_db()
    refused = world.client(world.cy).post(MINE)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "no_address")


def test_a_mail_is_seen_with_its_tries_and_sent_again_by_whom_it_is_to(ada: APIClient, world: World) -> None:
    alert = raised()
    mail = AlertMail.objects.create(
        alert=alert, user=world.ada, address="ada@example.org", message_id="<1>", thread_id="<1>", subject="s", body="b"
    )
    mail.log.create(at=alert.since, seconds=1.0, problem="The mail server answered 450: later")
    [shown] = ada.get("/api/v1/alert-mails").json()["results"]
    assert shown["attempts"][0]["problem"].endswith("later")
    again = f"/api/v1/alert-mails/{mail.pk}/resend"
    assert world.client(world.ben).post(again).status_code == 404
    assert ada.post(again).status_code == 202
    AlertMail.objects.update(claim=alert.pk, due_at="2100-01-01T00:00Z")
    assert ada.post(again).json()["error"]["code"] == "mail_under_way"
