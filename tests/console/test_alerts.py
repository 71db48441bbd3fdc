"""Alerts on the pages: open first, to be narrowed and seen to, in the navigation and where they belong."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.utils.dateparse import parse_datetime

from apps.console.pulse import pulses
from apps.console.selectors import alerts
from apps.console.selectors.fleet import deployment_rows
from apps.console.selectors.needs import needs
from apps.console.selectors.versions import page_versions
from apps.core.clock import now
from apps.monitoring.models import Alert, GatewayReport
from apps.monitoring.rules.findings import Finding, Severity
from apps.monitoring.services import alert_acknowledge, alert_raise, alert_resolve, objectives_judge
from tests.console.conftest import signed_in
from tests.console.scene import Scene, hour_of_traffic
from tests.monitoring.promises import promised

pytestmark = pytest.mark.django_db
BURNS = Finding(
    "availability", "digits burns", Severity.PAGE, "digits", "availability", "20 % failed.", "model", "Look."
)
DRIFT = Finding("drift", "captions: text has drifted", Severity.TICKET, "captions", "text")


def raised(finding: Finding = BURNS) -> Alert:
    alert = alert_raise(finding=finding)
    assert alert is not None
    return alert


def page(scene: Scene, path: str = "/alerts/", who: str = "ada") -> str:
    answer = signed_in(getattr(scene.world, who)).get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_pages_come_before_tickets_and_what_is_open_before_what_was_resolved(scene: Scene) -> None:
    raised(Finding("drift", "digits: sound has drifted", Severity.TICKET, "digits", "sound"))
    raised(DRIFT)
    alert_resolve(key=DRIFT.key, why="As it was.")
    raised()
    text = page(scene)
    places = [text.index(title) for title in ("digits burns", "sound has drifted", "text has drifted")]
    assert places == sorted(places)
    assert "As it was." in text


def test_the_address_narrows_by_deployment_and_severity(scene: Scene) -> None:
    raised()
    raised(DRIFT)
    assert "digits burns" not in page(scene, "/alerts/?deployment=captions")
    assert "text has drifted" not in page(scene, "/alerts/?severity=page")
    assert "No open alert" in page(scene, "/alerts/?severity=page&deployment=captions")


def test_resolved_ones_go_back_page_by_page(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "PAGE", 2)
    for number in range(5):
        finding = Finding("drift", f"drift {number}", Severity.TICKET, "digits", "sound")
        raised(finding)
        alert_resolve(key=finding.key, why="As it was.")
        Alert.objects.filter(title=f"drift {number}").update(raised_at=now() - timedelta(minutes=60 - number))
    found, before = [], None
    while before != "":
        shown = alerts.alerts_page(deployment="", severity="", before=before)
        found.append([row.alert.title for row in shown.resolved])
        before = parse_datetime(shown.older) if shown.older else ""
    assert found == [["drift 4", "drift 3"], ["drift 2", "drift 1"], ["drift 0"]]
    third = Alert.objects.get(title="drift 3").raised_at
    assert third is not None
    assert "drift 2" in page(scene, f"/alerts/?before={quote(third.isoformat())}")


def test_nonsense_in_the_address_is_no_error(scene: Scene) -> None:
    page(scene, "/alerts/?before=yesterday&severity=%00&deployment=%27")
    page(scene, "/alerts/?before=2026-99-99T00:00:00Z")


def test_a_page_says_what_why_whose_and_what_to_do(scene: Scene) -> None:
    text = page(scene, f"/alerts/{raised().pk}/")
    for part in ("digits burns", "20 % failed.", "the model", "Look.", "/deployments/digits/#objectives"):
        assert part in text


def test_the_button_says_that_somebody_sees_to_it(scene: Scene) -> None:
    alert, client = raised(), signed_in(scene.world.ada)
    answer = client.post(f"/alerts/{alert.pk}/acknowledge", {"comment": "On it."})
    assert answer["Location"] == f"/alerts/{alert.pk}/"
    text = page(scene)
    assert "On it." in text
    assert "sees to it" in text
    again = client.post(f"/alerts/{alert.pk}/acknowledge")
    assert again.status_code == 409
    assert "ada has acknowledged this alert" in again.content.decode()


def test_others_see_that_acknowledging_needs_the_operators_role(scene: Scene) -> None:
    alert = raised()
    assert "needs the operator role" in page(scene, f"/alerts/{alert.pk}/", who="cy")
    assert signed_in(scene.world.cy).post(f"/alerts/{alert.pk}/acknowledge").status_code == 403
    assert signed_in(scene.world.ada).post(f"/alerts/{scene.digits.pk:032x}/acknowledge").status_code == 404


def test_the_navigation_counts_what_is_open_and_pulses_keep_it_present(scene: Scene) -> None:
    assert '<span data-figure="alerts.open"></span>' in page(scene, "/")
    raised()
    assert '<span data-figure="alerts.open">1</span>' in page(scene, "/nodes/")
    assert {pulse["figures"]["alerts.open"] for pulse in pulses().values()} == {"1"}


def test_an_alert_is_news_to_every_page_that_shows_it(scene: Scene) -> None:
    before = page_versions()
    alert = raised()
    during = page_versions()
    assert {topic for topic in before if before[topic] != during[topic]} == {"fleet", "deployment.digits"}
    alert_acknowledge(actor=scene.world.ada, alert=alert)
    assert page_versions()["deployment.digits"] != during["deployment.digits"]


def test_the_overview_has_a_card_for_it_that_says_who_sees_to_it(scene: Scene) -> None:
    GatewayReport.objects.create(gateway="gw-1", reported_at=now())
    alert = raised()
    [card] = needs(scene.world.ada, deployment_rows())
    assert (card.title, card.text, card.tone) == ("digits burns", "20 % failed.", "bad")
    assert card.actions[0].href == f"/alerts/{alert.pk}/"
    alert_acknowledge(actor=scene.world.ada, alert=alert, comment="Rolling back.")
    [card] = needs(scene.world.ada, deployment_rows())
    assert card.text == "ada sees to it. Rolling back."


def test_what_has_a_card_of_its_own_has_no_second(scene: Scene) -> None:
    GatewayReport.objects.create(gateway="gw-1", reported_at=now())
    raised(Finding("rollout", "doorbell: revision 1 failed to roll out", Severity.TICKET, "doorbell", "revision 1"))
    assert needs(scene.world.ada, deployment_rows()) == []


def test_a_deployments_page_tells_its_promises_and_what_is_open_of_it(scene: Scene) -> None:
    hour_of_traffic()
    promised(scene.world, scene.digits, target=0.999)
    promised(scene.world, scene.digits, "latency", target=0.9, within_ms=250)
    promised(scene.world, scene.digits, "accuracy", target=0.9)
    objectives_judge()
    raised()
    text = page(scene, "/deployments/digits/")
    for part in ("99.9 %", "Answered within 250 ms", "not enough labels", "holds", "digits burns", "over 28 days"):
        assert part in text


def test_without_promises_the_page_teaches_the_first(scene: Scene) -> None:
    assert "/api/v1/deployments/captions/objectives" in page(scene, "/deployments/captions/")
