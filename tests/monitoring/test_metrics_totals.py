"""What was counted since the beginning, at /metrics: by our names and by those of Triton, KServe and MLServer."""

import json
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from apps.inference.services import routing_keep
from apps.monitoring.services import windows_add
from tests.console.scene import DIGITS
from tests.deployments.makers import Fleet, make_deployment, make_revision, make_version
from tests.monitoring.entries import entry, row
from tests.world import World
from workers.serving import names

pytestmark = pytest.mark.django_db

Found = dict[tuple[str, ...], float]
STAGES = {"all": {"requests": 4, "queued": 0.5, "busy": 2.0, "batches": 1.5}}
STEPS = {"preprocess": 0.25, "infer": 1.5, "postprocess": 0.125}
SPANS = {"latency": {"3": 3, "700": 1}, "stage/preprocess": {"60": 4}, "stage/infer": {"400": 4}}
FIVE = row(
    requests=5,
    samples=8,
    seconds=0.709,
    sketches=SPANS,
    errors={"model_failed": 1},
    stages={"all": STAGES["all"] | {"steps": STEPS}},
)


@pytest.fixture
def digits(world: World) -> World:
    """A deployment of two revisions: of version 1, and of version 2."""
    deployment = make_deployment(world)
    fleet = Fleet("n1")
    for number in (1, 2):
        version = make_version(world, number, manifest=DIGITS)
        fleet.go_live(world, deployment, make_revision(world, deployment, version))
    return world


def text() -> str:
    return Client(HTTP_HOST="127.0.0.1").get("/metrics").content.decode()


def _scraped() -> Found:
    """(name, label values in the labels' order...) -> value."""
    samples = [each for family in text_string_to_metric_families(text()) for each in family.samples]
    return {(_name(each.name), *(value for _, value in sorted(each.labels.items()))): each.value for each in samples}


def _name(name: str) -> str:
    """The parser gives every counter the ending that Triton's have not."""
    return name.removesuffix("_total") if name.startswith("nv_") else name


def _typed() -> dict[str, str]:
    return {family.name: family.type for family in text_string_to_metric_families(text())}


def test_our_own_counters_tell_everything_by_deployment_and_revision(digits: World) -> None:
    windows_add(entries=[entry(1, FIVE, row(revision=0, requests=2, errors={"too_busy": 2}, latency={}))])
    found = _scraped()
    assert found["quartet_deployment_requests_total", "digits", "1"] == 5
    assert found["quartet_deployment_errors_total", "model_failed", "digits", "1"] == 1
    assert found["quartet_deployment_errors_total", "too_busy", "digits", "0"] == 2
    assert found["quartet_deployment_samples_total", "digits", "1"] == 8
    assert found["quartet_deployment_stage_batches_total", "digits", "1", "all"] == 1.5
    assert found["quartet_deployment_request_seconds_count", "digits", "1"] == 4
    assert found["quartet_deployment_request_seconds_sum", "digits", "1"] == 0.709
    assert found["quartet_deployment_step_seconds_sum", "digits", "1", "infer"] == 1.5


def test_a_histograms_buckets_rise_and_hold_each_request_where_it_belongs(digits: World) -> None:
    windows_add(entries=[entry(1, FIVE)])
    told = {key[2]: count for key, count in _scraped().items() if key[0] == "quartet_deployment_request_seconds_bucket"}
    counts = [told[bound] for bound in sorted(told, key=float)]
    assert counts == sorted(counts)
    within = {bound: count for bound, count in told.items() if 0.003 < float(bound) < 0.7}
    assert within and set(within.values()) == {3.0}
    assert {count for bound, count in told.items() if float(bound) > 0.75} == {4.0}


def test_tritons_names_tell_what_triton_means_by_them(digits: World) -> None:
    windows_add(entries=[entry(1, FIVE)])
    found = _scraped()
    named = {name: value for (name, *at), value in found.items() if at == ["digits", "1"]}
    triton = {name.removeprefix("nv_inference_"): value for name, value in named.items() if name.startswith("nv_")}
    assert 'nv_inference_request_success{model="digits",version="1"} 4.0' in text().splitlines()
    assert triton == {
        "request_success": 4,
        "count": 8,
        "exec_count": 1.5,
        "request_duration_us": 709_000,
        "queue_duration_us": 500_000,
        "compute_input_duration_us": 250_000,
        "compute_infer_duration_us": 1_500_000,
        "compute_output_duration_us": 125_000,
    }


def test_tritons_reasons_sort_our_codes(digits: World) -> None:
    errors = {"deadline_passed": 1, "client_gone": 2, "model_crashed": 3, "bad_input": 4, "internal": 5}
    windows_add(entries=[entry(1, row(requests=15, errors=errors, latency={}))])
    found = _scraped()
    told = {key[2]: count for key, count in found.items() if key[0] == "nv_inference_request_failure"}
    assert told == {"REJECTED": 1, "CANCELED": 2, "BACKEND": 3, "OTHER": 9}


def test_kserves_and_mlservers_names_are_told_too(digits: World) -> None:
    windows_add(entries=[entry(1, FIVE)])
    found = _scraped()
    assert found["request_preprocess_seconds_count", "digits"] == 4
    assert found["request_predict_seconds_sum", "digits"] == 1.5
    assert found["model_infer_request_success_total", "digits", "1"] == 4
    assert found["model_infer_request_failure_total", "digits", "1"] == 1


def test_each_family_is_of_the_kind_that_it_is_elsewhere(digits: World) -> None:
    windows_add(entries=[entry(1, FIVE)])
    typed = _typed()
    assert typed["nv_inference_request_success"] == typed["nv_inference_queue_duration_us"] == "counter"
    assert typed["nv_inference_pending_request_count"] == "gauge"
    assert typed["request_predict_seconds"] == "histogram"


def test_revisions_of_one_version_are_one_version_and_others_stay_apart(digits: World) -> None:
    windows_add(entries=[entry(1, row(requests=3), row(revision=2, requests=4))])
    found = _scraped()
    assert found["nv_inference_request_success", "digits", "1"] == 3
    assert found["nv_inference_request_success", "digits", "2"] == 4
    assert found["request_predict_seconds_count", "digits"] == 0


def test_two_gateways_are_summed_and_no_counter_goes_down_when_one_starts_anew(digits: World) -> None:
    def counted(*entries: Any) -> float:
        windows_add(entries=entries)
        found = _scraped()
        assert found["nv_inference_request_success", "digits", "1"] == _ours(found)
        return _ours(found)

    seen = [
        counted(entry(1, row(requests=3), gateway="a"), entry(1, row(requests=4), gateway="b")),
        counted(entry(2, row(requests=5), gateway="b")),
        counted(entry(1, row(requests=1), gateway="a-again")),  # a gateway's id is new with each start
        counted(entry(2, gateway="a-again")),
    ]
    assert seen == [7, 12, 13, 13]


def _ours(found: Found) -> float:
    return found["quartet_deployment_requests_total", "digits", "1"]


def test_what_waits_for_a_replica_is_told_and_what_is_worked_on_is_not(digits: World, valkey: Redis) -> None:
    routing_keep()
    (split,) = json.loads(valkey.get(names.ROUTING))["deployments"]["digits"]["splits"]  # type: ignore[arg-type]
    stream = split["path"][0]["stream"]
    valkey.xgroup_create(stream, names.GROUP, id="0", mkstream=True)
    for _ in range(3):
        valkey.xadd(stream, {"m": b""})
    valkey.xadd(f"{stream}:high", {"m": b""})
    valkey.xreadgroup(names.GROUP, "r1", {stream: ">"}, count=1)
    assert _scraped()["nv_inference_pending_request_count", "digits", "2"] == 3
