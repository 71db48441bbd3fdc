"""Objectives over real windows: what burns is an alert, once; what is not known is not called well."""

from datetime import timedelta
from typing import Any

import pytest

from apps.core.clock import now
from apps.core.models import AuditEntry
from apps.deployments.models import Deployment
from apps.monitoring.models import Alert, GatewayReport, MetricWindow, Objective, ObjectiveMinute
from apps.monitoring.rules.standing import Standing, State, left, measured, state
from apps.monitoring.services import minutes, objective_delete, objective_update, objectives_judge, windows_add
from tests.deployments.makers import make_deployment
from tests.monitoring.entries import entry, row
from tests.monitoring.labels import predicted, true
from tests.monitoring.promises import heard, open_alerts, promised, traffic
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def digits(world: World) -> Deployment:
    return make_deployment(world)


def standing(objective: Objective) -> Standing:
    objective.refresh_from_db()
    return Standing.from_json(objective.standing)


def test_what_holds_has_its_numbers_and_no_alert(world: World, digits: Deployment) -> None:
    objective = promised(world, digits)
    traffic(minutes=60, errors={"model_failed": 1, "bad_input": 50}, requests=151)
    objectives_judge()
    found = standing(objective)
    assert (found.period.total, found.period.bad) == (60 * 101, 60)
    assert measured(found) == pytest.approx(1 - 60 / 6060)
    assert left(found, objective.promise) == pytest.approx(1 - 60 / 60.6)
    assert open_alerts() == []


def test_an_outage_is_one_alert_that_says_how_bad_whose_and_what_to_do(world: World, digits: Deployment) -> None:
    promised(world, digits)
    traffic(minutes=60, errors={"model_failed": 18, "deadline_passed": 2})
    for _ in range(3):
        objectives_judge()
    [alert] = open_alerts()
    assert alert.title == "digits burns its availability objective"
    assert alert.text.startswith("20 % of 6,000 requests of the last hour failed: 20 times what 99 % allows.")
    assert "Mostly model_failed (1,080 of 1,200)." in alert.text
    assert (alert.severity, alert.fault) == ("page", "model")
    assert "Roll back" in alert.remedy
    assert AuditEntry.objects.filter(action="alert.raised", target="deployment:digits").count() == 1


def test_most_failures_of_the_platform_are_laid_at_its_door(world: World, digits: Deployment) -> None:
    promised(world, digits)
    traffic(minutes=60, errors={"deadline_passed": 18, "model_failed": 2})
    objectives_judge()
    assert open_alerts()[0].fault == "platform"


def test_it_resolves_when_the_short_window_is_calm(world: World, digits: Deployment) -> None:
    objective = promised(world, digits)
    begun = now() - timedelta(minutes=10)
    traffic(minutes=60, at=begun, errors={"model_failed": 20})
    objectives_judge(moment=begun)
    assert standing(objective).firing == (0, 1, 2)
    traffic(minutes=9, requests=100)
    objectives_judge()
    assert 0 not in standing(objective).firing, "five minutes were calm"
    assert 1 in standing(objective).firing, "half an hour was not"
    traffic(minutes=40, requests=100, at=now() + timedelta(minutes=40))
    objectives_judge(moment=now() + timedelta(minutes=40))
    [alert] = open_alerts()
    assert alert.severity == "ticket", "the last six hours still burn"
    later = now() + timedelta(hours=7)
    traffic(minutes=370, requests=100, at=later)
    objectives_judge(moment=later)
    assert open_alerts() == []
    assert Alert.objects.get().resolution == "It holds again: its short window is calm."


def test_a_slow_burn_is_a_ticket(world: World, digits: Deployment) -> None:
    promised(world, digits)
    traffic(minutes=400, errors={"model_failed": 2})
    objectives_judge()
    [alert] = open_alerts()
    assert alert.severity == "ticket"
    assert "of the last 3 days" in alert.text


def test_no_data_is_not_green(world: World, digits: Deployment) -> None:
    objective = promised(world, digits)
    objectives_judge()
    assert state(standing(objective), objective.promise) == State.UNKNOWN
    traffic(minutes=60, ago=20)
    objectives_judge()
    assert state(standing(objective), objective.promise) == State.UNKNOWN, "it was well, and nobody is heard since"
    heard(minutes=3)
    objectives_judge(moment=now() + timedelta(minutes=1))
    assert state(standing(objective), objective.promise) == State.HOLDS


def test_while_nobody_is_heard_an_alert_stays(world: World, digits: Deployment) -> None:
    promised(world, digits)
    traffic(minutes=60, errors={"model_failed": 50})
    objectives_judge()
    objectives_judge(moment=now() + timedelta(minutes=30))
    assert len(open_alerts()) == 1


def test_few_requests_page_nobody(world: World, digits: Deployment) -> None:
    objective = promised(world, digits, least=100)
    traffic(minutes=60, requests=1, errors={"model_failed": 1})
    objectives_judge()
    assert open_alerts() == []
    assert state(standing(objective), objective.promise) == State.TOO_FEW


def test_latency_is_judged_by_what_was_answered(world: World, digits: Deployment) -> None:
    objective = promised(world, digits, "latency", target=0.9, within_ms=250)
    traffic(minutes=60, requests=100, latency={10: 80, 1000: 20})
    objectives_judge()
    found = standing(objective)
    assert (found.period.total, found.period.bad) == (6000, 1200)
    [alert] = open_alerts()
    assert (alert.rule, alert.group, alert.severity) == ("latency", "latency-250", "ticket")
    assert "took longer than 250 ms" in alert.text


def test_objectives_of_other_deployments_are_judged_by_their_own(world: World, digits: Deployment) -> None:
    other = promised(world, make_deployment(world, "letters"))
    traffic(minutes=60, errors={"model_failed": 50})
    objectives_judge()
    assert standing(other).period[:2] == (0, 0)
    assert open_alerts() == []


def test_reports_that_come_late_are_counted(world: World, digits: Deployment) -> None:
    objective = promised(world, digits)
    moment = now()
    windows_add(entries=[entry(1, row(requests=10), to=moment.timestamp())])
    objectives_judge(moment=moment)
    windows_add(entries=[entry(2, row(requests=5), to=moment.timestamp() - 120)])
    objectives_judge(moment=moment + timedelta(minutes=1))
    assert standing(objective).period.total == 15


def test_what_an_outage_left_for_the_end_is_in_the_budget_however_late_it_comes(
    world: World, digits: Deployment
) -> None:
    objective, moment = promised(world, digits), now()
    then = moment.timestamp() - 1200
    windows_add(entries=[entry(1, row(requests=10), to=then), entry(2, row(requests=1), to=moment.timestamp())])
    objectives_judge(moment=moment)
    windows_add(entries=[entry(3, row(requests=5), to=then + 2)])
    objectives_judge(moment=moment + timedelta(minutes=1))
    assert standing(objective).period.total == 16


def test_a_look_that_began_before_something_late_came_does_not_hide_it(
    world: World, digits: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    objective, moment = promised(world, digits), now()
    then = moment.timestamp() - 1200
    windows_add(entries=[entry(1, row(requests=10), to=then), entry(2, row(requests=1), to=moment.timestamp())])
    objectives_judge(moment=moment)
    write = minutes._write

    def late(*told: Any) -> None:
        monkeypatch.setattr(minutes, "_write", write)
        write(*told)
        windows_add(entries=[entry(3, row(requests=5), to=then + 2)])

    monkeypatch.setattr(minutes, "_write", late)
    windows_add(entries=[entry(4, row(requests=1), to=moment.timestamp() + 60)])
    for later in (1, 2):
        objectives_judge(moment=moment + timedelta(minutes=later))
    assert standing(objective).period.total == 17


def test_after_an_outage_of_ingest_counting_goes_on_where_it_ended(world: World, digits: Deployment) -> None:
    objective = promised(world, digits)
    then = now() - timedelta(hours=2)
    traffic(minutes=10, at=then)
    objectives_judge(moment=now() - timedelta(minutes=1))  # nothing has been heard for two hours
    traffic(minutes=125)
    objectives_judge()
    assert standing(objective).period.total == 100 * ObjectiveMinute.objects.count()
    assert ObjectiveMinute.objects.count() >= 130


def test_a_long_past_is_counted_in_a_few_looks(
    world: World, digits: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minutes, "_AT_ONCE", timedelta(minutes=30))
    objective = promised(world, digits)
    traffic(minutes=60)
    objectives_judge(moment=now() - timedelta(minutes=1))
    assert ObjectiveMinute.objects.count() < 60
    objectives_judge()
    objectives_judge(moment=now() + timedelta(minutes=1))
    assert standing(objective).period.total == 6000


def test_a_look_with_nothing_new_writes_no_minute(world: World, digits: Deployment) -> None:
    promised(world, digits)
    traffic(minutes=10)
    objectives_judge()
    before = set(ObjectiveMinute.objects.values_list("pk", "start", "total"))
    xmin = "select xmin from monitoring_objectiveminute order by id"
    versions = _column(xmin)
    objectives_judge()
    assert set(ObjectiveMinute.objects.values_list("pk", "start", "total")) == before
    assert _column(xmin) == versions


def _column(sql: str) -> list[object]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [value for (value,) in cursor.fetchall()]


def test_accuracy_says_when_labels_are_too_few(world: World, digits: Deployment) -> None:
    objective = promised(world, digits, "accuracy", target=0.9, least=4)
    true(world, predicted("7", "3", "1"), "2", "2", "2")
    objectives_judge()
    assert state(standing(objective), objective.promise) == State.TOO_FEW
    assert open_alerts() == []


def test_accuracy_that_is_surely_missed_is_a_ticket_until_it_is_met_again(world: World, digits: Deployment) -> None:
    promised(world, digits, "accuracy", target=0.9, least=20)
    for _ in range(5):
        true(world, predicted(*"77777"), *"72222")
    objectives_judge()
    [alert] = open_alerts()
    assert (alert.rule, alert.severity, alert.fault) == ("accuracy", "ticket", "model")
    assert alert.text.startswith("20 % of 25 labelled predictions of")
    for _ in range(40):
        true(world, predicted(*"77777"), *"77777")
    objectives_judge(moment=now() + timedelta(minutes=1))
    assert open_alerts() == []


def test_another_target_is_judged_anew(world: World, digits: Deployment) -> None:
    objective = promised(world, digits)
    traffic(minutes=60, errors={"model_failed": 20})
    objectives_judge()
    assert len(open_alerts()) == 1
    objective_update(actor=world.ada, objective=objective, target=0.5)
    objectives_judge()
    assert open_alerts() == []


def test_what_is_promised_no_more_is_no_alert(world: World, digits: Deployment) -> None:
    objective = promised(world, digits)
    traffic(minutes=60, errors={"model_failed": 20})
    objectives_judge()
    objective.refresh_from_db()
    objective_delete(actor=world.ada, objective=objective)
    assert open_alerts() == []
    assert not ObjectiveMinute.objects.exists()


def test_minutes_past_every_period_go(world: World, digits: Deployment) -> None:
    objective = promised(world, digits)
    for days in (27, 30):
        ObjectiveMinute.objects.create(objective=objective, start=now() - timedelta(days=days))
    minutes.minutes_expire()
    assert ObjectiveMinute.objects.count() == 1


def test_without_any_gateway_ever_nothing_is_counted(world: World, digits: Deployment) -> None:
    promised(world, digits)
    assert not GatewayReport.objects.exists()
    assert objectives_judge() == 1
    assert not ObjectiveMinute.objects.exists()
    assert not MetricWindow.objects.exists()
