"""The gateway answers as the Open Inference Protocol says, and its clients understand it."""

import subprocess

import numpy as np
import pytest
import tritonclient.http as triton

from tests.serving import worlds
from tests.serving.planes import Plane, numbers
from tests.serving.processes import until


def headers() -> dict[str, str]:
    """A new one for each call: tritonclient writes its own headers into what it is given."""
    return {"Authorization": f"Bearer {worlds.GOOD_KEY}"}


@pytest.fixture
def client(busy_plane: Plane):
    with triton.InferenceServerClient(busy_plane.gateway.url.removeprefix("http://")) as client:
        yield client


def triton_input(binary: bool) -> triton.InferInput:
    tensor = triton.InferInput("x", [2, 2], "FP32")
    tensor.set_data_from_numpy(np.array([[1, 2], [3, 4]], np.float32), binary_data=binary)
    return tensor


def test_a_request_is_answered_with_the_models_output(busy_plane):
    assert numbers(busy_plane.ask(1, 2)) == [2, 4]


def test_the_answer_says_which_deployment_and_version_gave_it(busy_plane):
    answer = busy_plane.ask(1, 2, id="mine").json()
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("doubler", "1", "mine")


def test_a_request_without_an_id_is_given_one_of_its_own(busy_plane):
    first, second = (busy_plane.ask(1, 2).json()["id"] for _ in range(2))
    assert first and second and first != second


def test_several_samples_are_answered_in_their_order(busy_plane):
    body = worlds.body(worlds.tensor(data=range(128), shape=[64, 2]))
    response = busy_plane.http.post("/v2/models/doubler/infer", content=body)
    assert numbers(response) == [2 * each for each in range(128)]


def test_a_version_may_be_asked_for(busy_plane):
    body = worlds.body(worlds.tensor())
    assert numbers(busy_plane.http.post("/v2/models/doubler/versions/1/infer", content=body)) == [2, 4]


def test_a_key_may_come_as_x_api_key(busy_plane):
    headers = {"X-Api-Key": worlds.GOOD_KEY, "Authorization": ""}
    body = worlds.body(worlds.tensor())
    assert numbers(busy_plane.http.post("/v2/models/doubler/infer", content=body, headers=headers)) == [2, 4]


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_tritonclient_infers_in_json_and_binary_form(client, binary_in, binary_out):
    outputs = [triton.InferRequestedOutput("y", binary_data=binary_out)]
    result = client.infer("doubler", [triton_input(binary_in)], outputs=outputs, headers=headers())
    assert result.as_numpy("y").tolist() == [[2, 4], [6, 8]]


def test_tritonclient_infers_with_its_defaults(client):
    assert client.infer("doubler", [triton_input(True)], headers=headers()).as_numpy("y").tolist() == [[2, 4], [6, 8]]


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_tritonclient_may_compress_its_request(client, algorithm):
    result = client.infer("doubler", [triton_input(True)], headers=headers(), request_compression_algorithm=algorithm)
    assert result.as_numpy("y").tolist() == [[2, 4], [6, 8]]


def test_tritonclient_finds_the_server_and_the_model_ready(client):
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("doubler")
    assert client.is_model_ready("doubler", "1")


def test_tritonclient_reads_metadata_configuration_and_statistics(client):
    client.infer("doubler", [triton_input(True)], headers=headers())
    assert client.get_server_metadata()["name"] == "quartet"
    assert client.get_model_metadata("doubler", headers=headers())["inputs"][0]["name"] == "x"
    assert client.get_model_config("doubler", headers=headers())["input"][0]["data_type"] == "TYPE_FP32"
    stats = client.get_inference_statistics("doubler", headers=headers())["model_stats"]
    assert stats[0]["inference_stats"]["success"]["count"] > 0
    assert client.get_inference_statistics(headers=headers())["model_stats"][0]["name"] == "doubler"


def test_tritonclient_reads_the_error_of_what_is_not_offered(client):
    with pytest.raises(triton.InferenceServerException, match="extension"):
        client.get_trace_settings()


def test_tritonclient_is_told_of_an_unknown_model_in_tritons_words(client):
    with pytest.raises(triton.InferenceServerException, match=r"^\[404\] Request for unknown model"):
        client.infer("nowhere", [triton_input(True)], headers=headers())


def test_curl_gets_an_answer(busy_plane):
    said = subprocess.run(
        ["curl", "-sS", "-f", "-H", f"Authorization: Bearer {worlds.GOOD_KEY}", "-H", "Content-Type: application/json",
         "-d", worlds.body(worlds.tensor()).decode(), f"{busy_plane.gateway.url}/v2/models/doubler/infer"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert '"data":[2.0,4.0]' in said.stdout


def test_curl_may_send_the_whole_body_as_one_raw_input(busy_plane):
    raw = np.array([1, 2], np.float32).tobytes()
    headers = {"Inference-Header-Content-Length": "0"}
    response = busy_plane.http.post("/v2/models/doubler/infer", content=raw, headers=headers)
    head = int(response.headers["inference-header-content-length"])
    assert np.frombuffer(response.content[head:], np.float32).tolist() == [2, 4]


@pytest.mark.parametrize(
    ("path", "field"),
    [("/v2/health/live", "live"), ("/v2/health/ready", "ready"), ("/v2/models/doubler/ready", "ready")],
)
def test_health_needs_no_key_and_says_so_in_json(busy_plane, path, field):
    response = busy_plane.http.get(path, headers={"Authorization": ""})
    assert (response.status_code, response.json()[field]) == (200, True)


def test_a_model_without_ready_replicas_is_not_ready(busy_plane):
    response = busy_plane.http.get("/v2/models/empty/ready")
    assert (response.status_code, response.json()) == (503, {"name": "empty", "ready": False})


def test_the_models_a_key_opens_are_listed(busy_plane):
    assert busy_plane.http.get("/v2/models").json() == {"models": ["doubler", "empty"]}
    elsewhere = {"Authorization": f"Bearer {worlds.ELSEWHERE_KEY}"}
    assert busy_plane.http.get("/v2/models", headers=elsewhere).json() == {"models": []}


def test_model_metadata_tell_what_goes_in_and_out(busy_plane):
    metadata = busy_plane.http.get("/v2/models/doubler/versions/1").json()
    assert metadata["versions"] == ["1"]
    assert metadata["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}]
    assert metadata["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}]


def test_prometheus_reads_requests_errors_latency_and_gauges(busy_plane):
    busy_plane.ask(1, 2)
    busy_plane.ask(1, 2, 3)
    page = busy_plane.http.get("/metrics").text
    for line in (
        'quartet_requests_total{deployment="doubler",revision="1"}',
        'quartet_errors_total{code="bad_input",deployment="doubler",revision="0"}',
        'quartet_request_seconds_bucket{deployment="doubler",le="+Inf",revision="1"}',
        "quartet_in_flight 0.0",
        "quartet_snapshot_number",
        "quartet_metrics_dropped_total 0.0",
    ):
        assert line in page


def test_prometheus_reads_how_many_requests_lie_in_each_stream(busy_plane):
    empty = 'quartet_queue_depth{stream="quartet:stage:doubler:1:all"} 0.0'
    until(lambda: empty in busy_plane.http.get("/metrics").text, "the stream to be measured when it is empty")


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_tritonclient_may_have_its_answer_compressed(client, algorithm):
    inputs = triton.InferInput("x", [64, 2], "FP32")
    inputs.set_data_from_numpy(np.ones([64, 2], np.float32))
    answer = client.infer("doubler", [inputs], headers=headers(), response_compression_algorithm=algorithm)
    assert answer.as_numpy("y").tolist() == [[2, 2]] * 64
