"""What the watch finds in the fleet: it is an alert while it lasts, and one control worker looks."""

from typing import Any

import pytest

from apps.core.clock import now
from apps.deployments.models import Replica
from apps.inference.services import drops_note
from apps.monitoring.models import Alert, AlertWatch, GatewayReport
from apps.monitoring.rules.findings import RULES, Finding, Severity
from apps.monitoring.services import alert_raise, alerts_watch, watch
from apps.webhooks.models import WebhookEndpoint
from tests.deployments.makers import Fleet, approve, make_deployment, make_revision, make_version
from tests.monitoring.promises import open_alerts, together, told
from tests.world import World

pytestmark = pytest.mark.django_db


def look() -> None:
    """The watch's next turn."""
    AlertWatch.objects.update(due_at=now())
    assert alerts_watch()


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


@pytest.mark.django_db(transaction=True)
def test_of_two_control_workers_one_looks() -> None:
    looked: list[bool] = []
    together(lambda: looked.append(alerts_watch()))
    assert sorted(looked) == [False, False, False, True]
