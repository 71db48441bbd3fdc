"""`Prefer: respond-async`: kept before it is promised, answered whatever dies meanwhile, told to its own key."""

import json
import time
from uuid import UUID

import httpx
import numpy as np
import pytest

from tests.serving import worlds
from tests.serving.planes import DEADLY, FAILING, HELD, Plane, numbers
from tests.serving.processes import Gateway, until
from workers.serving import clock, names
from workers.serving.later import shelf

LATER = {"Prefer": "respond-async"}


@pytest.fixture
def plane(own_valkey, tmp_path):
    with Plane(own_valkey.url, tmp_path, QUARTET_OUTAGE_GRACE_MS=30_000) as plane:
        plane.publish(doubler=worlds.deployment(timeout_ms=20_000))
        yield plane


def ask(plane: Plane, *x: float, headers: dict[str, str] | None = None, **more) -> httpx.Response:
    body = worlds.body(worlds.tensor(data=x), **more)
    return plane.http.post("/v2/models/doubler/infer", content=body, headers=LATER | (headers or {}))


def kept(plane: Plane, *x: float, **more) -> str:
    """The address of a request that was taken."""
    response = ask(plane, *x, **more)
    assert response.status_code == 202, response.text
    return response.headers["location"]


def answer(plane: Plane, address: str) -> httpx.Response:
    """What `/result` says in the end; while Valkey is away it says nothing of it."""

    def said() -> httpx.Response | None:
        response = plane.http.get(f"{address}/result")
        waits = response.status_code == 202 or b"queue_away" in response.content
        return None if waits else response

    return until(said, "the answer")


def state(plane: Plane, address: str) -> str:
    return plane.http.get(address).json()["state"]


def test_a_request_is_kept_at_once_and_answered_when_a_replica_comes(plane):
    response = ask(plane, 1, 2)
    assert response.headers["preference-applied"] == "respond-async"
    address = response.headers["location"]
    assert response.json()["id"] in address
    assert state(plane, address) in ("waiting", "running")
    assert plane.http.get(f"{address}/result").status_code == 202
    plane.serve()
    assert numbers(answer(plane, address)) == [2, 4]
    assert state(plane, address) == "done"


def test_the_answer_is_what_it_would_have_been_at_once(plane):
    plane.serve()
    body = worlds.body(worlds.tensor(), id="mine", parameters={"binary_data_output": True})
    at_once = plane.http.post("/v2/models/doubler/infer", content=body)
    address = plane.http.post("/v2/models/doubler/infer", content=body, headers=LATER).headers["location"]
    later = answer(plane, address)
    told = at_once.headers["x-quartet-prediction"], later.headers["x-quartet-prediction"]
    assert told[0] != told[1]
    assert later.status_code == at_once.status_code
    assert later.content == at_once.content.replace(told[0].encode(), told[1].encode())
    length = int(later.headers["inference-header-content-length"])
    assert np.frombuffer(later.content[length:], np.float32).tolist() == [2, 4]


def test_its_prediction_is_dated_by_when_it_was_asked(plane):
    created = clock.now() - 3000
    order = shelf.Order(1, "doubler", None, {"x-quartet-subject": "somebody"}, created, clock.now() + 600)
    identifier = shelf.new_id()
    plane.valkey.execute_command(*shelf.put(identifier, order, worlds.body(worlds.tensor())))
    plane.serve()
    prediction = UUID(answer(plane, f"/v2/requests/{identifier}").headers["x-quartet-prediction"])
    assert prediction.int >> 80 == int(created * 1000)


def test_a_request_that_could_never_be_answered_is_refused_at_once(plane):
    response = plane.http.post("/v2/models/doubler/infer", content=b"{", headers=LATER)
    assert (response.status_code, response.json()["code"]) == (400, "bad_request")


def test_the_models_failure_is_the_answer(plane):
    plane.serve()
    address = kept(plane, FAILING, 0)
    assert answer(plane, address).json()["code"] == "model_failed"
    assert state(plane, address) == "failed"


def test_a_request_that_kills_its_replicas_is_given_up(plane):
    address = kept(plane, DEADLY, 0)
    for deaths in range(1, 4):
        plane.serve()
        until(lambda n=deaths: plane.deaths() == n, f"{deaths} deaths")
    plane.serve()
    assert answer(plane, address).json()["code"] == "model_crashed"


def test_it_is_tried_again_beyond_the_deployments_time_limit(plane):
    plane.publish(doubler=worlds.deployment(timeout_ms=300))
    address = kept(plane, 1, 2)
    time.sleep(1.0)
    plane.serve()
    assert numbers(answer(plane, address)) == [2, 4]


def test_its_own_time_limit_ends_it(plane):
    address = kept(plane, 1, 2, parameters={"timeout": 500_000})
    said = answer(plane, address)
    assert (said.status_code, said.json()["code"]) == (504, "own_deadline_passed")


def test_a_caller_who_waits_goes_first(plane):
    stream = names.sister(names.stage_stream("doubler", 1, "all"), names.LOW)
    kept(plane, 1, 2)
    until(lambda: plane.valkey.xlen(stream) == 1, "it to wait behind all others")


def test_it_may_be_given_up_while_it_waits(plane):
    address = kept(plane, 1, 2)
    assert plane.http.delete(address).json()["state"] == "cancelled"
    gone = plane.http.get(f"{address}/result")
    assert (gone.status_code, gone.json()["code"]) == (410, "request_cancelled")
    streams = names.sisters(names.stage_stream("doubler", 1, "all"))
    until(lambda: not sum(map(plane.valkey.xlen, (*streams, names.LATER))), "nothing of it to be left")


def test_it_may_be_given_up_while_it_runs(plane):
    plane.serve()
    address = kept(plane, HELD, 0)
    until(plane.entered, "it to run")
    assert plane.http.delete(address).status_code == 200
    plane.open_gate()
    assert numbers(plane.ask(1, 2)) == [2, 4]
    assert state(plane, address) == "cancelled"


def test_what_has_its_answer_cannot_be_given_up(plane):
    plane.serve()
    address = kept(plane, 1, 2)
    answer(plane, address)
    refused = plane.http.delete(address)
    assert (refused.status_code, refused.json()["code"]) == (409, "request_finished")


def test_only_the_key_that_sent_it_may_ask(plane):
    address = kept(plane, 1, 2)
    for method in ("GET", "DELETE"):
        stranger = plane.http.request(method, address, headers={"Authorization": f"Bearer {worlds.ELSEWHERE_KEY}"})
        assert (stranger.status_code, stranger.json()["code"]) == (404, "request_unknown")
    assert plane.http.get(address, headers={"Authorization": ""}).status_code == 401
    assert plane.http.get("/v2/requests/req_never").status_code == 404


def test_a_key_that_was_revoked_meanwhile_gets_no_answer(plane):
    address = kept(plane, 1, 2)
    snapshot = worlds.snapshot(10_000_001, doubler=worlds.deployment())
    snapshot["keys"][0]["revoked"] = True
    snapshot["keys"].append(worlds.key("qk_other", 1))
    plane.publish_snapshot(snapshot)
    plane.serve()
    said = plane.http.get(address, headers={"Authorization": "Bearer qk_other"})
    assert said.status_code == 200


def test_every_request_is_answered_whichever_process_is_killed(plane, own_valkey, tmp_path):
    other = Gateway(own_valkey.url, tmp_path / "other", QUARTET_OUTAGE_GRACE_MS=30_000)
    plane.serve(), plane.serve()
    addresses = []
    for fault in (plane.replicas[0].kill, other.process.kill, own_valkey.kill):
        addresses += [kept(plane, 10_000 + each, 0) for each in range(20)]
        fault()
        if fault == own_valkey.kill:
            own_valkey.start()
    for place, address in enumerate(addresses):
        assert numbers(answer(plane, address)) == [2 * (10_000 + place % 20), 0]
    until(lambda: plane.valkey.xlen(names.LATER) == 0, "the queue to be empty")
    other.process.wait()


def test_what_a_killed_gateway_had_taken_up_another_one_sees_through(plane, own_valkey, tmp_path):
    addresses = [kept(plane, 10_000 + each, 0) for each in range(40)]
    until(lambda: all(state(plane, each) == "running" for each in addresses[:20]), "the first to be taken up")
    plane.gateway.process.kill()
    plane.gateway.process.wait()
    plane.gateway = Gateway(own_valkey.url, tmp_path / "home")
    plane.http.base_url = plane.gateway.url
    plane.serve()
    assert [numbers(answer(plane, each))[0] for each in addresses] == [2 * (10_000 + each) for each in range(40)]


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_other_methods_are_refused(plane, method):
    assert plane.http.request(method, "/v2/requests/req_x").status_code == 405


CALLBACKS = {"ci": 7}


def callable_back(plane: Plane, **changes) -> None:
    """The good key's owner has a webhook endpoint."""
    snapshot = worlds.snapshot(10_000_002, doubler=worlds.deployment(**changes))
    snapshot["keys"][0]["callbacks"] = CALLBACKS
    plane.publish_snapshot(snapshot)


def news(plane: Plane) -> list[dict]:
    return [json.loads(fields[b"m"]) for _, fields in plane.valkey.xrange(names.FINISHED)]


def test_the_endpoint_that_the_caller_names_is_told_in_the_step_that_finishes_it(plane):
    callable_back(plane)
    plane.serve()
    for x in (1, FAILING):
        answer(plane, kept(plane, x, 2, headers={"X-Quartet-Callback": "ci"}))
    done, failed = news(plane)
    assert (done["endpoint"], done["key"], done["deployment"], done["state"]) == (7, 1, "doubler", "done")
    assert (failed["state"], failed["status"], failed["error"]["code"]) == ("failed", 500, "model_failed")


def test_giving_it_up_is_told_once(plane):
    callable_back(plane)
    address = kept(plane, 1, 2, headers={"X-Quartet-Callback": "ci"})
    for _ in range(2):
        plane.http.delete(address)
    assert [(each["state"], each["id"] in address) for each in news(plane)] == [("cancelled", True)]


def test_who_did_not_ask_to_be_told_is_not(plane):
    callable_back(plane)
    plane.serve()
    answer(plane, kept(plane, 1, 2))
    plane.http.delete(kept(plane, HELD, 2))
    assert news(plane) == []


def test_an_endpoint_that_is_not_the_key_owners_is_refused(plane):
    callable_back(plane)
    for name in ("others", "", "7"):
        refused = ask(plane, 1, 2, headers={"X-Quartet-Callback": name})
        assert (refused.status_code, refused.json()["code"]) == (400, "callback_unknown")
    stranger = {"X-Quartet-Callback": "ci", "Authorization": f"Bearer {worlds.ELSEWHERE_KEY}"}
    body = worlds.body(worlds.tensor())
    plane.publish_snapshot(worlds.snapshot(10_000_003, elsewhere=worlds.deployment()))
    refused = plane.http.post("/v2/models/elsewhere/infer", content=body, headers=LATER | stranger)
    assert (refused.status_code, refused.json()["code"]) == (400, "callback_unknown")


def test_of_what_is_answered_at_once_nobody_is_told(plane):
    callable_back(plane)
    body = worlds.body(worlds.tensor())
    refused = plane.http.post("/v2/models/doubler/infer", content=body, headers={"X-Quartet-Callback": "ci"})
    assert refused.status_code == 400
    assert "respond-async" in refused.json()["error"]


def test_news_are_told_once_whichever_process_is_killed(plane, own_valkey):
    callable_back(plane)
    plane.serve()
    addresses = []
    for fault in (plane.replicas[0].kill, own_valkey.kill):
        addresses += [kept(plane, 10_000 + each, 0, headers={"X-Quartet-Callback": "ci"}) for each in range(20)]
        fault()
        own_valkey.start() if fault == own_valkey.kill else plane.serve()
    for address in addresses:
        answer(plane, address)
    told = sorted(each["id"] for each in news(plane))
    assert told == sorted(address.rpartition("/")[2] for address in addresses)
