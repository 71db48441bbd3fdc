"""What the gateway refuses: each with its status, whose fault it is and what to do; nothing reaches a model."""

import gzip
import socket

import orjson
import pytest

from tests.serving import raw, worlds
from tests.serving.planes import Plane

GOOD = worlds.body(worlds.tensor())
INFER = "/v2/models/doubler/infer"


def post(plane: Plane, content=GOOD, path: str = INFER, **headers: str):
    return plane.http.post(path, content=content, headers={name.replace("_", "-"): headers[name] for name in headers})


def check(response, status: int, code: str, fault: str = "caller") -> str:
    answer = response.json()
    assert (response.status_code, answer["code"], answer["fault"]) == (status, code, fault)
    assert answer["remedy"] and isinstance(answer["error"], str)
    return answer["error"]


@pytest.mark.parametrize("authorization", ["", "Basic abc", "Bearer"])
def test_no_key_is_401(busy_plane, authorization):
    response = post(busy_plane, authorization=authorization)
    check(response, 401, "key_missing")
    assert response.headers["www-authenticate"] == "Bearer"


def test_a_wrong_key_is_401(busy_plane):
    check(post(busy_plane, authorization="Bearer qk_wrong"), 401, "key_unknown")


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (worlds.REVOKED_KEY, "key_revoked"),
        (worlds.EXPIRED_KEY, "key_expired"),
        (worlds.SCOPELESS_KEY, "key_not_allowed"),
        (worlds.ELSEWHERE_KEY, "key_not_allowed"),
    ],
)
def test_a_key_without_the_right_is_403(busy_plane, key, code):
    check(post(busy_plane, authorization=f"Bearer {key}"), 403, code)


@pytest.mark.parametrize("path", ["/v2/models", "/v2/models/doubler", "/v2/models/doubler/stats", "/v2/models/stats"])
def test_reading_about_models_needs_a_key(busy_plane, path):
    check(busy_plane.http.get(path, headers={"Authorization": ""}), 401, "key_missing")


def test_an_unknown_model_is_404(busy_plane):
    assert "'nobody'" in check(post(busy_plane, path="/v2/models/nobody/infer"), 404, "model_unknown")


def test_an_unknown_model_is_not_told_to_someone_without_a_key(busy_plane):
    check(post(busy_plane, path="/v2/models/nobody/infer", authorization="Bearer guess"), 401, "key_unknown")


def test_an_unknown_version_is_404(busy_plane):
    check(post(busy_plane, path="/v2/models/doubler/versions/9/infer"), 404, "version_unknown")
    check(busy_plane.http.get("/v2/models/doubler/versions/9/ready"), 404, "version_unknown")


@pytest.mark.parametrize("path", ["/", "/v3", "/v2/model/doubler", "/v2/models/doubler/else", "/v2/health/dead"])
def test_an_unknown_address_is_404(busy_plane, path):
    check(busy_plane.http.get(path), 404, "path_unknown")


def test_a_wrong_method_is_405(busy_plane):
    asked, deleted = busy_plane.http.get(INFER), busy_plane.http.delete("/v2/models/doubler")
    check(asked, 405, "method_not_allowed")
    check(deleted, 405, "method_not_allowed")
    assert (asked.headers["allow"], deleted.headers["allow"]) == ("POST", "GET, HEAD")


def test_a_deployment_without_a_revision_is_503_and_says_when_to_come_back(busy_plane):
    response = post(busy_plane, path="/v2/models/empty/infer")
    check(response, 503, "not_ready", "platform")
    assert int(response.headers["retry-after"]) > 0


def test_malformed_json_is_400(busy_plane):
    assert "JSON" in check(post(busy_plane, b'{"inputs": ['), 400, "bad_request")


def test_a_missing_input_is_400_and_named(busy_plane):
    assert "'z'" in check(post(busy_plane, worlds.body(worlds.tensor("z"))), 400, "bad_input")


def test_a_wrong_shape_is_400_and_names_the_input(busy_plane):
    assert "'x'" in check(post(busy_plane, worlds.body(worlds.tensor(shape=[1, 3]))), 400, "bad_input")


def test_a_wrong_datatype_is_400_and_names_the_input(busy_plane):
    assert "'x'" in check(post(busy_plane, worlds.body(worlds.tensor(datatype="INT8"))), 400, "bad_input")


def test_an_unknown_output_is_400(busy_plane):
    check(post(busy_plane, worlds.body(worlds.tensor(), outputs=[{"name": "z"}])), 400, "bad_output")


@pytest.mark.parametrize("length", ["x", "-1", "9" * 30])
def test_a_header_length_that_is_no_number_is_400(busy_plane, length):
    check(post(busy_plane, inference_header_content_length=length), 400, "bad_request")


def test_a_body_over_the_limit_is_413(busy_plane):
    assert "100000 bytes" in check(post(busy_plane, b"x" * 100_001), 413, "body_too_large")


def test_a_body_over_the_limit_is_413_when_its_length_is_not_told(busy_plane):
    chunks = (b"x" * 50_000 for _ in range(3))
    check(post(busy_plane, chunks), 413, "body_too_large")


def test_a_body_over_the_limit_is_refused_before_it_is_sent(busy_plane):
    request = f"POST {INFER} HTTP/1.1\r\nHost: x\r\nX-Api-Key: {worlds.GOOD_KEY}\r\nContent-Length: 99999999\r\n\r\n"
    with socket.create_connection(("127.0.0.1", busy_plane.gateway.port)) as connection:
        connection.sendall(request.encode())
        answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 413") and b"connection: close" in answer


def test_a_client_that_sends_on_all_the_same_can_still_read_the_refusal(busy_plane):
    with raw.Connection(busy_plane.gateway.port) as connection:
        connection.send(raw.head(length=5_000_000) + b"x" * 5_000_000)
        assert connection.answer().status == 413


def test_an_upgrade_is_ignored_and_the_request_served(busy_plane):
    with raw.Connection(busy_plane.gateway.port) as connection:
        connection.send(raw.head(Connection="Upgrade, HTTP2-Settings", Upgrade="h2c") + raw.BODY)
        assert connection.answer().json()["outputs"][0]["data"] == [2, 4]


def test_a_compressed_body_that_unfolds_beyond_the_limit_is_413(busy_plane):
    check(post(busy_plane, gzip.compress(b" " * 10_000_000), content_encoding="gzip"), 413, "body_too_large")


@pytest.mark.parametrize(
    "content",
    [b"no gzip", b"", gzip.compress(GOOD)[:-10], gzip.compress(GOOD) + b"junk"],
    ids=["other", "nothing", "cut", "junk"],
)
def test_a_damaged_compressed_body_is_400(busy_plane, content):
    check(post(busy_plane, content, content_encoding="gzip"), 400, "bad_request")


def test_an_unknown_encoding_is_415(busy_plane):
    check(post(busy_plane, content_encoding="br"), 415, "unsupported_encoding")


@pytest.mark.parametrize("path", ["/v2/trace/setting", "/v2/systemsharedmemory/status", "/v2/logging"])
def test_an_extension_that_is_not_offered_is_501(busy_plane, path):
    check(busy_plane.http.post(path, content=b"{}"), 501, "not_supported")


def test_what_a_hook_finds_wrong_with_the_input_is_400(busy_plane):
    assert "x may not be 400" in check(busy_plane.ask(400, 0), 400, "bad_input")


@pytest.mark.parametrize(("x", "why"), [(500, "cannot do 500"), (501, "postprocess failed: KeyError")])
def test_a_failing_model_is_500_and_the_models_fault(busy_plane, x, why):
    assert why in check(busy_plane.ask(x, 0), 500, "model_failed", "model")


def test_the_gateway_still_answers_after_all_of_this(busy_plane):
    assert orjson.loads(post(busy_plane).content)["outputs"][0]["data"] == [2, 4]
