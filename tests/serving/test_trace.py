"""A request keeps its caller's id and trace, and says where its time went."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serving import worlds
from workers.serving.trace import next_span

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def ask(plane, body: bytes = worlds.body(worlds.tensor()), **headers: str):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return plane.http.post("/v2/models/doubler/infer", content=body, headers=named)


def test_the_trace_goes_on_with_a_span_of_ours(busy_plane):
    answer = ask(busy_plane, traceparent=TRACE).headers["traceparent"]
    assert answer.startswith(TRACE[:36]) and answer.endswith("-01") and answer != TRACE


def test_a_request_without_a_trace_is_given_none(busy_plane):
    assert "traceparent" not in ask(busy_plane).headers


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "nonsense",
        TRACE.upper(),
        TRACE.replace("00-", "ff-", 1),
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
        TRACE + "-more",
    ],
)
def test_a_malformed_trace_is_ignored(malformed):
    assert next_span(malformed.encode()) == ""


def test_a_later_version_of_the_header_is_read_as_far_as_it_is_known():
    assert next_span(TRACE.replace("00-", "cc-", 1).encode() + b"-what-comes").startswith("00-4bf92f35")


@given(st.binary(max_size=100))
def test_no_header_is_too_odd_to_be_ignored(header):
    assert re.fullmatch(r"|00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", next_span(header))


def test_a_request_id_comes_back_and_is_the_id_of_a_body_without_one(busy_plane):
    answer = ask(busy_plane, X_Request_Id="abc-1")
    assert (answer.headers["x-request-id"], answer.json()["id"]) == ("abc-1", "abc-1")


def test_the_bodys_own_id_counts_more(busy_plane):
    answer = ask(busy_plane, worlds.body(worlds.tensor(), id="mine"), X_Request_Id="abc-1")
    assert (answer.headers["x-request-id"], answer.json()["id"]) == ("mine", "mine")


def test_an_id_cannot_smuggle_headers_into_the_answer(busy_plane):
    answer = ask(busy_plane, worlds.body(worlds.tensor(), id="a\r\nSet-Cookie: b=c\r\n\r\nü"))
    assert answer.headers["x-request-id"] == "a%0D%0ASet-Cookie%3A%20b%3Dc%0D%0A%0D%0A%C3%BC"
    assert "set-cookie" not in answer.headers


def test_a_request_id_without_end_is_refused(busy_plane):
    answer = ask(busy_plane, X_Request_Id="a" * 257)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_the_answer_tells_the_stages_time_in_milliseconds(busy_plane):
    assert re.fullmatch(r"all-queue;dur=\d+\.\d\d, all;dur=\d+\.\d\d", ask(busy_plane).headers["server-timing"])


def test_the_statistics_tell_where_the_time_went(busy_plane):
    ask(busy_plane)
    (stats,) = busy_plane.http.get("/v2/models/doubler/stats").json()["model_stats"]
    assert stats["inference_count"] >= stats["execution_count"] > 0
    told = stats["inference_stats"]
    parts = sum(told[part]["ns"] for part in ("queue", "compute_input", "compute_infer", "compute_output"))
    assert 0 < parts <= told["success"]["ns"]
