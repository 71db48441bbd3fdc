"""What boards for Triton, KServe and MLServer ask of Prometheus finds its metrics here, with the labels it needs."""

import re

import pytest
from redis import Redis

from apps.inference.services import routing_keep
from apps.monitoring.services import windows_add
from tests.monitoring.entries import entry
from tests.monitoring.test_metrics_totals import FIVE, digits, text
from tests.world import World

__all__ = ["digits"]  # a fixture
pytestmark = pytest.mark.django_db

#: As such boards and their alerts ask, each with one deployment chosen or summed over.
QUERIES = [
    "sum by (model) (rate(nv_inference_request_success[1m]))",
    "sum(rate(nv_inference_request_failure[5m])) by (model, version) > 0",
    "sum by (reason) (increase(nv_inference_request_failure{model='digits'}[5m]))",
    "rate(nv_inference_count{model='digits'}[1m]) / rate(nv_inference_exec_count{model='digits'}[1m])",
    "rate(nv_inference_queue_duration_us{model=~'digits'}[1m]) / rate(nv_inference_exec_count{model=~'digits'}[1m])",
    "avg by (model, version) (rate(nv_inference_request_duration_us[5m]) / rate(nv_inference_request_success[5m]))",
    "rate(nv_inference_compute_input_duration_us{version='1'}[5m])",
    "rate(nv_inference_compute_infer_duration_us{version='1'}[5m])",
    "rate(nv_inference_compute_output_duration_us{version='1'}[5m])",
    "sum by (model, version) (nv_inference_pending_request_count) > 5",
    "histogram_quantile(0.95, sum by (model_name, le) (rate(request_preprocess_seconds_bucket[5m])))",
    "histogram_quantile(0.95, sum(rate(request_predict_seconds_bucket{model_name='digits'}[5m])) by (le))",
    "rate(request_predict_seconds_sum{model_name='digits'}[5m]) / rate(request_predict_seconds_count[5m])",
    "rate(request_postprocess_seconds_sum[5m]) / rate(request_postprocess_seconds_count[5m])",
    "sum by (model, version) (rate(model_infer_request_success_total[1m]))",
    "sum by (model) (rate(model_infer_request_failure_total[1m]))",
]
_METRIC = re.compile(r"\b((?:nv_inference|request|model_infer)_\w+)(?:\{([^}]*)\})?")
_GROUPS = re.compile(r"\bby \(([^)]*)\)")
_SAMPLE = re.compile(r"^(\w+)\{(.*)\} \S+$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_MATCHER = re.compile(r"(\w+)=~?'([^']*)'")


@pytest.mark.parametrize("query", QUERIES)
def test_what_a_board_asks_is_there_with_its_labels(query: str, digits: World, valkey: Redis) -> None:
    routing_keep()  # what waits is told of streams that are routed to
    windows_add(entries=[entry(1, FIVE)])
    samples = [(name, dict(_LABEL.findall(labels))) for name, labels in _SAMPLE.findall(text())]
    groups = {label.strip() for found in _GROUPS.findall(query) for label in found.split(",")}
    asked = _METRIC.findall(query)
    assert asked
    for metric, chosen in asked:
        wanted = _MATCHER.findall(chosen)
        found = [labels for name, labels in samples if name == metric]
        assert any(all(labels.get(name) == value for name, value in wanted) for labels in found), metric
        assert all(groups <= labels.keys() for labels in found), metric
