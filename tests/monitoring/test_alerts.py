"""An alert: one while it lasts, told when it begins, gets graver and ends; seen to by one person."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from apps.core.clock import now
from apps.core.errors import Forbidden
from apps.core.ids import new_id
from apps.core.models import AuditEntry
from apps.monitoring.errors import AlertOver, AlreadyAcknowledged
from apps.monitoring.models import Alert, AlertRule
from apps.monitoring.rules.findings import Finding, Severity
from apps.monitoring.services import (
    alert_acknowledge,
    alert_raise,
    alert_resolve,
    alerts_expire,
    drift_found,
    drift_healed,
)
from tests.monitoring.promises import open_alerts, together, told
from tests.world import World

pytestmark = pytest.mark.django_db
BURNS = Finding("availability", "digits burns", Severity.TICKET, "digits", "availability", "2 % failed.")
GRAVER = Finding("availability", "digits burns", Severity.PAGE, "digits", "availability", "20 % failed.")


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


def found(event: UUID | None = None, **reasons: str) -> None:
    """A drift run found these groups drifted, for these reasons."""
    about = {"run_id": 1, "deployment": "digits", "revision": 2, "groups": list(reasons), "reasons": reasons}
    drift_found(event_id=event or new_id(), summary="", **about)


def test_two_groups_of_one_rule_are_two_alerts() -> None:
    found(sound="sound.snr: far", image="image.noise: near")
    assert {alert.group: alert.text for alert in open_alerts()} == {
        "sound": "Met by revision 2: sound.snr: far.",
        "image": "Met by revision 2: image.noise: near.",
    }
    assert {alert.deployment for alert in open_alerts()} == {"digits"}


def test_what_heals_is_over_and_the_rest_goes_on() -> None:
    found(sound="far", image="far")
    drift_healed(event_id=new_id(), run_id=2, deployment="digits", revision=2, groups=["sound"], summary="Near again.")
    assert [alert.group for alert in open_alerts()] == ["image"]
    assert Alert.objects.get(group="sound").resolution == "Near again."


def test_an_event_told_again_after_it_healed_is_no_news() -> None:
    first, healed = new_id(), new_id()
    found(first, sound="far")
    drift_healed(event_id=healed, run_id=2, deployment="digits", revision=2, groups=["sound"], summary="Near again.")
    found(first, sound="far")
    assert open_alerts() == []
    found(sound="far")
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
