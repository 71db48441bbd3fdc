"""`Accept: text/event-stream`: what is known so far, then the answer."""

import json

import httpx
import pytest

from tests.serving import worlds
from tests.serving.planes import COUNTING, FAILING, HELD, numbers
from tests.serving.processes import until

EVENTS = {"Accept": "text/event-stream"}


@pytest.fixture
def plane(plane):
    plane.publish(doubler=worlds.deployment(timeout_ms=15_000))
    plane.serve(manifest=COUNTING)
    return plane


def told(text: str) -> list[tuple[str, dict]]:
    """The events of a whole stream."""
    events = []
    for block in text.strip().split("\n\n"):
        kind, data = block.split("\n")
        events.append((kind.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return events


def ask(plane, first: float, last: float, **headers: str) -> httpx.Response:
    body = worlds.body(worlds.tensor(data=[first, last]), id="mine")
    return plane.http.post("/v2/models/doubler/infer", content=body, headers=EVENTS | headers)


def steps(events: list[tuple[str, dict]]) -> list[tuple[str, float]]:
    return [(kind, document["outputs"][0]["data"][0]) for kind, document in events]


def test_each_part_is_an_event_and_the_last_is_the_answer(plane):
    response = ask(plane, 1, 3)
    assert response.headers["content-type"] == "text/event-stream"
    assert steps(told(response.text)) == [("part", 1), ("part", 2), ("part", 3), ("answer", 3)]


def test_each_event_has_the_form_of_a_plain_answer(plane):
    (_, document), *_ = told(ask(plane, 1, 1).text)
    assert (document["model_name"], document["model_version"], document["id"]) == ("doubler", "1", "mine")


def test_a_caller_who_wants_no_events_gets_one_whole_answer(plane):
    assert numbers(plane.ask(1, 2)) == [2, 4]


def test_a_model_without_parts_answers_with_one_event(plane):
    plane.publish(doubler=worlds.deployment(splits=[worlds.split(2)]))
    plane.serve(2)
    assert steps(told(ask(plane, 1, 3).text)) == [("answer", 2)]


def test_parts_come_while_the_model_is_still_at_it(plane):
    body = worlds.body(worlds.tensor(data=[HELD - 2, HELD]))
    with plane.http.stream("POST", "/v2/models/doubler/infer", content=body, headers=EVENTS) as response:
        lines = response.iter_lines()
        seen = [line for line, _ in zip(lines, range(4), strict=False) if line.startswith("event")]
        assert seen == ["event: part", "event: part"]
        plane.open_gate()
        assert "event: answer" in list(lines)


def test_other_requests_are_answered_between_two_parts(plane):
    body = worlds.body(worlds.tensor(data=[2000, 1_000_000]))
    with plane.http.stream("POST", "/v2/models/doubler/infer", content=body, headers=EVENTS) as response:
        next(response.iter_lines())
        other = httpx.post(
            f"{plane.gateway.url}/v2/models/doubler/infer",
            content=worlds.body(worlds.tensor()),
            headers=dict(plane.http.headers),
            timeout=20,
        )
        assert numbers(other) == [2, 4]


def test_a_failure_before_the_first_part_is_a_plain_error(plane):
    response = ask(plane, FAILING, FAILING + 1)
    assert (response.status_code, response.json()["code"]) == (500, "model_failed")


def test_a_failure_between_parts_is_the_last_event(plane):
    events = told(ask(plane, FAILING - 1, FAILING + 1).text)
    assert [kind for kind, _ in events] == ["part", "error"]
    assert events[-1][1]["code"] == "model_failed" and str(FAILING) in events[-1][1]["error"]


def test_the_models_generator_is_closed_when_its_caller_hangs_up(plane):
    body = worlds.body(worlds.tensor(data=[2000, 10_000_000]))
    with (
        httpx.Client(base_url=plane.gateway.url, headers=plane.http.headers, timeout=20) as caller,
        caller.stream("POST", "/v2/models/doubler/infer", content=body, headers=EVENTS) as response,
    ):
        next(response.iter_lines())
    until((plane.gate / "closed").exists, "the generator to be closed")
    assert numbers(plane.ask(1, 2)) == [2, 4]


def test_no_part_is_told_twice_though_a_replica_dies_between_two(plane):
    body = worlds.body(worlds.tensor(data=[HELD - 2, HELD + 1]))
    with plane.http.stream("POST", "/v2/models/doubler/infer", content=body, headers=EVENTS) as response:
        text = ""
        lines = response.iter_lines()
        while text.count("event: part") < 2:
            text += next(lines) + "\n"
        plane.replicas[0].kill()
        plane.open_gate()
        plane.serve(manifest=COUNTING)
        text += "\n".join(lines)
    found = [("part", HELD - 2), ("part", HELD - 1), ("part", HELD), ("part", HELD + 1), ("answer", HELD + 1)]
    assert steps(told(text)) == found


def test_a_deadline_between_parts_is_the_last_event(plane):
    events = told(ask(plane, 2000, 10_000_000).text)
    assert events[-1][0] == "error" and events[-1][1]["code"] == "deadline_passed"
    until((plane.gate / "closed").exists, "the generator to be closed")
