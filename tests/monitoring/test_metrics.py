"""/metrics: what Prometheus is told, and whom it is told to."""

from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from apps.core.clock import now
from apps.inference.services import drops_note, predictions_add
from apps.monitoring.rules.findings import Finding, Severity
from apps.monitoring.services import alert_raise, objectives_judge, windows_add
from tests.deployments.makers import Fleet, make_deployment, make_revision, make_version
from tests.inference.records import record
from tests.monitoring.entries import entry, row
from tests.monitoring.labels import predicted, true
from tests.monitoring.promises import promised, traffic
from tests.world import World
from workers.serving import names

pytestmark = pytest.mark.django_db


def _samples(text: str) -> dict[tuple[str, ...], float]:
    """(name, label values...) -> value."""
    families = text_string_to_metric_families(text)
    return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}


def _here(**extra: str) -> Client:
    """A client on this machine, as Prometheus beside the web process."""
    return Client(**{"HTTP_HOST": "127.0.0.1:8400"} | extra)


def _scraped() -> dict[tuple[str, ...], float]:
    return _samples(_here().get("/metrics").content.decode())


def test_an_empty_installation_reports_zeros_for_what_it_counts_and_nothing_for_what_it_cannot_know() -> None:
    found = _scraped()
    assert found["quartet_deployments",] == 0
    assert found["quartet_replicas", "ready"] == 0
    assert found["quartet_outbox_waiting",] == 0
    assert not any(name.startswith(("quartet_latency", "quartet_requests")) for name, *_ in found)


def test_the_fleet_is_counted_as_it_is(world: World) -> None:
    deployment = make_deployment(world)
    Fleet("n1", "n2").go_live(world, deployment, make_revision(world, deployment, make_version(world), replicas=2))
    found = _scraped()
    assert found["quartet_deployments",] == 1
    assert found["quartet_replicas", "ready"] == 2
    assert found["quartet_nodes", "up"] == 2
    assert found["quartet_audit_entries_total",] > 5


def test_traffic_is_told_in_base_units(world: World) -> None:
    make_deployment(world)
    windows_add(entries=[entry(1, row(requests=100, errors={"model_failed": 50}), to=now().timestamp(), dropped=3)])
    found = _scraped()
    assert found["quartet_latency_seconds", "digits", "0.95"] == pytest.approx(0.01, rel=0.01)
    assert found["quartet_failed_share", "digits"] == 0.5
    assert 9 < found["quartet_requests_per_second", "digits"] < 13
    assert found["quartet_metrics_dropped_requests_total", "gw-1"] == 3


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8400", "[::1]:8400"])
def test_on_this_machine_it_is_open(host: str) -> None:
    assert _here(HTTP_HOST=host).get("/metrics").status_code == 200


FROM_ELSEWHERE = [
    {"REMOTE_ADDR": "192.0.2.7"},
    {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
    {"HTTP_HOST": "quartet.example.org"},  # a proxy that marks nothing and keeps the name it was asked by
    {"HTTP_HOST": "127.example.org"},
]


@pytest.mark.parametrize("extra", FROM_ELSEWHERE)
def test_from_elsewhere_it_needs_a_key_that_may_read(extra: dict[str, str], world: World, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    _needs_a_key(world, **extra)


def test_where_origins_behind_a_proxy_are_trusted_every_request_may_come_through_it(
    world: World, settings: Any
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://quartet.example.org"]
    _needs_a_key(world)


def _needs_a_key(world: World, **extra: str) -> None:
    assert _here(**extra).get("/metrics").status_code == 401
    for scopes, status in ((["read"], 200), (["infer"], 403)):
        key = f"Bearer {world.key(world.cy, *scopes)}"
        assert _here(HTTP_AUTHORIZATION=key, **extra).get("/metrics").status_code == status


def test_it_says_what_it_speaks() -> None:
    assert _here().get("/metrics")["Content-Type"].startswith("text/plain; version=")


def test_open_alerts_and_budgets_are_told_and_what_cannot_be_judged_is_left_out(world: World) -> None:
    digits, letters = make_deployment(world), make_deployment(world, "letters")
    for deployment in (digits, letters):
        promised(world, deployment)
    traffic(minutes=60, requests=200, errors={"model_failed": 1})
    objectives_judge()
    alert_raise(finding=Finding("drift", "digits: sound has drifted", Severity.TICKET, "digits", "sound"))
    found = _scraped()
    assert (found["quartet_alerts", "digits", "ticket"], found["quartet_alerts", "digits", "page"]) == (1, 0)
    assert found["quartet_alerts", "letters", "ticket"] == 0
    assert found["quartet_error_budget_left", "digits", "availability"] == pytest.approx(0.5)
    assert ("quartet_error_budget_left", "letters", "availability") not in found


def test_what_was_recorded_dropped_and_still_waits_is_told(valkey: Redis) -> None:
    predictions_add(records=[record(), record()])
    drops_note(predictions=3, kept=1)
    valkey.xadd(names.PREDICTIONS, {"m": b""})
    found = _scraped()
    assert found["quartet_predictions_recorded_total",] == 2
    assert found["quartet_predictions_dropped_total",] == 3
    assert found["quartet_kept_inputs_dropped_total",] == 1
    assert found["quartet_predictions_waiting_batches",] == 1


def test_accuracy_is_told_with_its_coverage_and_left_out_where_it_is_unknown(world: World) -> None:
    true(world, predicted("7", "3", "1", "9"), "7", "2")
    predicted("7", deployment="letters")
    found = _scraped()
    assert found["quartet_labelled_predictions", "digits"] == 2
    assert (found["quartet_accuracy", "digits"], found["quartet_label_coverage", "digits"]) == (0.5, 0.5)
    assert found["quartet_label_coverage", "letters"] == 0
    assert ("quartet_accuracy", "letters") not in found


def test_of_a_deployment_nobody_asked_no_accuracy_is_told(world: World) -> None:
    make_deployment(world)
    assert not [name for name in _scraped() if name[0] in ("quartet_accuracy", "quartet_label_coverage")]
