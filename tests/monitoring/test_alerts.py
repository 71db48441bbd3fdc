"""An alert: one while it lasts, told when it begins, gets graver and ends; seen to by one person."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from apps.core.clock import now
from apps.core.errors import Forbidden
from apps.core.ids import new_id
from apps.core.models import AuditEntry, OutboxEvent
from apps.deployments.models import Replica
from apps.inference.services import drops_note
from apps.monitoring.errors import AlertOver, AlreadyAcknowledged
from apps.monitoring.models import Alert, AlertRule, AlertWatch, GatewayReport
from apps.monitoring.rules.findings import RULES, Finding, Severity
from apps.monitoring.services import (
    alert_acknowledge,
    alert_raise,
    alert_resolve,
    alerts_expire,
    alerts_watch,
    drift_found,
    drift_healed,
    watch,
)
from apps.webhooks.models import WebhookEndpoint
from tests.deployments.makers import Fleet, approve, make_deployment, make_revision, make_version
from tests.monitoring.promises import open_alerts
from tests.world import World

pytestmark = pytest.mark.django_db
BURNS = Finding("availability", "digits burns", Severity.TICKET, "digits", "availability", "2 % failed.")
GRAVER = Finding("availability", "digits burns", Severity.PAGE, "digits", "availability", "20 % failed.")


def told() -> list[tuple[str, str]]:
    """(kind, message) of what people were told, in order."""
    events = OutboxEvent.objects.filter(name="monitoring.alert_told").order_by("pk")
    return [(event.payload["kind"], event.payload["message"]) for event in events]


def look() -> None:
    """The watch's next turn."""
    AlertWatch.objects.update(due_at=now())
    assert alerts_watch()


def test_the_same_found_again_is_the_same_alert_brought_up_to_date() -> None:
    first = alert_raise(finding=BURNS)
    again = alert_raise(finding=Finding(**{**_fields(BURNS), "text": "3 % failed."}))
    assert first is not None
    assert again is not None
    assert first.pk == again.pk
    assert [alert.text for alert in open_alerts()] == ["3 % failed."]
    assert told() == [("alert.raised", f"msg_alert_{first.pk.hex}_1")]


def _fields(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in Finding.__slots__}


def test_people_are_told_again_when_it_gets_graver_and_not_when_it_gets_better() -> None:
    for finding in (BURNS, GRAVER, GRAVER, BURNS):
        alert_raise(finding=finding)
    assert [kind for kind, _ in told()] == ["alert.raised", "alert.raised"]
    assert len({message for _, message in told()}) == 2
    assert open_alerts()[0].severity == "ticket"


def test_after_it_is_resolved_the_same_is_another_alert() -> None:
    alert_raise(finding=BURNS)
    alert_resolve(key=BURNS.key, why="It holds again.")
    alert_raise(finding=BURNS)
    assert Alert.objects.count() == 2
    assert [kind for kind, _ in told()] == ["alert.raised", "alert.resolved", "alert.raised"]
    assert AuditEntry.objects.filter(action="alert.resolved").count() == 1


def test_what_is_not_there_is_resolved_without_a_word() -> None:
    alert_resolve(key=BURNS.key, why="Nothing.")
    assert told() == []


def test_two_groups_of_one_rule_are_two_alerts() -> None:
    drift_found(event_id=new_id(), run_id=1, deployment="digits", revision=2, groups=["sound", "image"], summary="Far.")
    assert {alert.group for alert in open_alerts()} == {"sound", "image"}
    assert {alert.deployment for alert in open_alerts()} == {"digits"}


def test_what_heals_is_over_and_the_rest_goes_on() -> None:
    drift_found(event_id=new_id(), run_id=1, deployment="digits", revision=2, groups=["sound", "image"], summary="Far.")
    drift_healed(event_id=new_id(), run_id=2, deployment="digits", revision=2, groups=["sound"], summary="Near again.")
    assert [alert.group for alert in open_alerts()] == ["image"]
    assert Alert.objects.get(group="sound").resolution == "Near again."


def test_an_event_told_again_after_it_healed_is_no_news() -> None:
    found, healed = new_id(), new_id()
    about = {"deployment": "digits", "revision": 2, "groups": ["sound"], "summary": "Far."}
    drift_found(event_id=found, run_id=1, **about)
    drift_healed(event_id=healed, run_id=2, **about)
    drift_found(event_id=found, run_id=1, **about)
    assert open_alerts() == []
    drift_found(event_id=new_id(), run_id=3, **about)
    assert len(open_alerts()) == 1


def test_one_person_sees_to_it_with_a_word_and_it_is_in_the_trail(world: World) -> None:
    alert = alert_raise(finding=BURNS)
    assert alert is not None
    alert_acknowledge(actor=world.ada, alert=alert, comment="The new voices; rolling back.")
    assert (alert.acknowledged_by, alert.comment) == (world.ada, "The new voices; rolling back.")
    assert AuditEntry.objects.get(action="alert.acknowledged").detail["comment"] == "The new voices; rolling back."
    with pytest.raises(AlreadyAcknowledged, match="ada"):
        alert_acknowledge(actor=world.ada, alert=alert)


def test_what_is_over_needs_nobody(world: World) -> None:
    alert = alert_raise(finding=BURNS)
    assert alert is not None
    alert_resolve(key=BURNS.key, why="It holds again.")
    with pytest.raises(AlertOver, match="holds again"):
        alert_acknowledge(actor=world.ada, alert=alert)


def test_seeing_to_it_needs_the_operators_role(world: World) -> None:
    alert = alert_raise(finding=BURNS)
    assert alert is not None
    with pytest.raises(Forbidden):
        alert_acknowledge(actor=world.cy, alert=alert)


def test_an_administrator_sets_a_kinds_severity_or_switches_it_off() -> None:
    rule = AlertRule.objects.create(name="availability", severity="page")
    alert_raise(finding=BURNS)
    assert open_alerts()[0].severity == "page"
    AlertRule.objects.filter(pk=rule.pk).update(enabled=False)
    assert alert_raise(finding=BURNS) is None
    assert open_alerts() == []


def test_resolved_alerts_go_after_their_keep() -> None:
    alert_raise(finding=BURNS)
    alert_resolve(key=BURNS.key, why="It holds again.")
    alert_raise(finding=BURNS)
    Alert.objects.exclude(resolved_at=None).update(resolved_at=now() - timedelta(days=181))
    alerts_expire()
    assert Alert.objects.get().resolved_at is None


@pytest.mark.django_db(transaction=True)
def test_many_at_once_raise_one() -> None:
    together(lambda: alert_raise(finding=BURNS))
    assert len(told()) == 1
    assert Alert.objects.count() == 1


def together(act: Any, times: int = 4) -> None:
    """At the same moment, each on a connection of its own."""
    start, failed = threading.Barrier(times), []

    def one() -> None:
        try:
            start.wait()
            act()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.mark.django_db(transaction=True)
def test_of_two_control_workers_one_looks() -> None:
    looked: list[bool] = []
    together(lambda: looked.append(alerts_watch()))
    assert sorted(looked) == [False, False, False, True]


def test_a_part_of_the_watch_that_fails_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def broken() -> None:
        raise ValueError("broken")

    monkeypatch.setattr(watch, "_STEPS", (broken, lambda: done.append("next")))
    look()
    assert done == ["next"]


def test_a_look_at_nothing_asks_the_database_little(django_assert_max_num_queries: Any) -> None:
    look()
    AlertWatch.objects.update(due_at=now())
    with django_assert_max_num_queries(20):
        alerts_watch()


def test_replicas_that_have_no_place_are_an_alert_once_it_lasts(world: World) -> None:
    fleet, deployment = Fleet(), make_deployment(world)
    approve(world, make_revision(world, deployment, make_version(world, size_bytes=10**13)))
    fleet.beat(memory_free=1)
    fleet.reconcile()
    look()
    assert open_alerts() == [], "it may be on its way"
    Alert.objects.filter(rule="replicas").update(since=now() - RULES["replicas"].patience)
    look()
    [alert] = open_alerts()
    assert (alert.rule, alert.deployment, alert.severity) == ("replicas", "digits", "ticket")
    assert alert.text


def test_a_live_deployment_without_a_ready_replica_is_a_page_until_it_has_one(world: World) -> None:
    GatewayReport.objects.create(gateway="gw-1", reported_at=now())
    fleet, deployment = Fleet(), make_deployment(world)
    fleet.go_live(world, deployment, make_revision(world, deployment, make_version(world)))
    look()
    assert not Alert.objects.exists()
    serving = Replica.objects.filter(state="ready")
    assert serving.update(state="warming") == 1
    look()
    Alert.objects.filter(rule="replicas").update(since=now() - RULES["replicas"].patience)
    look()
    [alert] = open_alerts()
    assert (alert.severity, alert.title) == ("page", "digits has no replica ready")
    Replica.objects.filter(state="warming").update(state="ready")
    look()
    assert len(open_alerts()) == 1, "it must stay so for a while"
    Alert.objects.update(calm_since=now() - RULES["replicas"].calm)
    look()
    assert open_alerts() == []


def test_what_passes_before_it_has_lasted_is_told_to_nobody(world: World) -> None:
    look()
    alert_raise(finding=Finding("replicas", "digits has no replica ready", Severity.PAGE, "digits"))
    look()
    assert not Alert.objects.exists()
    assert told() == []


def test_a_rollout_that_failed_is_an_alert_until_a_later_revision_answers_it(world: World) -> None:
    fleet, deployment = Fleet(), make_deployment(world)
    revision = make_revision(world, deployment, make_version(world), replicas=3)
    approve(world, revision)
    fleet.reconcile()
    for replica in revision.stages.get().served_by.filter(state="pending"):
        fleet.fail(replica, "samples/3.wav is at 16000 Hz.")
    fleet.reconcile()
    look()
    [alert] = [each for each in open_alerts() if each.rule == "rollout"]
    assert "16000 Hz" in alert.text
    assert (alert.severity, alert.group) == ("page", "revision 1")
    make_revision(world, deployment, make_version(world, 2))
    look()
    assert [each for each in open_alerts() if each.rule == "rollout"] == []


def test_silence_of_every_gateway_is_a_page(world: World) -> None:
    fleet, deployment = Fleet(), make_deployment(world)
    fleet.go_live(world, deployment, make_revision(world, deployment, make_version(world)))
    look()
    Alert.objects.filter(rule="silence").update(since=now() - RULES["silence"].patience)
    look()
    assert [(alert.rule, alert.severity) for alert in open_alerts()] == [("silence", "page")]


def test_records_that_are_dropped_are_counted_from_when_it_began() -> None:
    drops_note(predictions=5, kept=0)
    look()
    assert open_alerts() == [], "that was before anybody looked"
    drops_note(predictions=1200, kept=0)
    look()
    drops_note(predictions=1500, kept=0)
    look()
    [alert] = open_alerts()
    assert alert.title == "Records of predictions are lost"
    assert alert.text.startswith("1,495 since then")
    later = {"predictions": [1500, now().timestamp() - 601, 5], "inputs": [0, 0.0, 0]}
    AlertWatch.objects.update(counters=later)
    look()
    assert open_alerts() == []


def test_an_endpoint_that_was_switched_off_is_an_alert_without_its_address(world: World) -> None:
    url = "https://hooks.example.org/secret-path"
    endpoint = WebhookEndpoint.objects.create(
        owner=world.ada, name="ci", url=url, active=False, disabled_reason="It answered 410.", secret="whsec_"
    )
    look()
    [alert] = open_alerts()
    assert alert.title == "The webhook endpoint ci of ada was switched off"
    assert "secret-path" not in f"{alert.title}{alert.text}{alert.remedy}"
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(active=True, disabled_reason="")
    look()
    assert open_alerts() == []


def test_one_that_its_owner_switched_off_is_none(world: World) -> None:
    WebhookEndpoint.objects.create(owner=world.ada, name="ci", url="https://a.example.org/", active=False, secret="s")
    look()
    assert open_alerts() == []
