"""The windows over REST: what is told, of which time, and whom."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.core.clock import now
from apps.inference.services import key_create
from apps.monitoring.api.series import MetricsPoint
from apps.monitoring.services import windows_add, windows_roll
from tests.inference.conftest import serve
from tests.monitoring.entries import entry, row
from tests.world import World

pytestmark = pytest.mark.django_db

LONG_AGO = 1_000_000_020
UNTIL = datetime.fromtimestamp(LONG_AGO + 30, UTC).isoformat()


@pytest.fixture(autouse=True)
def _digits(world: World) -> None:
    serve(world, "digits")


def asked(client: APIClient, name: str = "digits", **query: Any) -> Any:
    return client.get(f"/api/v1/deployments/{name}/metrics", query)


def told(world: World, **query: Any) -> dict[str, Any]:
    answer = asked(world.client(world.cy), **query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def key_client(world: World, scopes: list[str], deployments: list[str]) -> APIClient:
    _, text = key_create(
        actor=world.ada, name="-".join([*scopes, *deployments]), scopes=scopes, deployments=deployments
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def test_it_tells_the_whole_and_each_step_with_gaps_as_gaps(world: World) -> None:
    took = {"stage/infer": {"8": 4}, "queue/all": {"2": 4}, "batch/all": {"3": 4}, "confidence": {"0.9": 4}}
    many = row(requests=5, samples=4, errors={"bad_input": 1}, inputs={"image": 4}, sketches=took, latency={"20": 4})
    windows_add(entries=[entry(1, many, row(revision=2, requests=2), to=LONG_AGO + 20.9)])
    found = told(world, window="1m", step=10, until=UNTIL)
    assert (found["step_s"], len(found["series"]), found["requests"], found["samples"]) == (10, 6, 7, 6)
    *before, point, _ = found["series"]
    assert {each["heard_s"] for each in before} == {0}
    assert (point["heard_s"], point["requests"], point["refused"], point["failed"]) == (1, 7, 1, 0)
    assert (point["revisions"], point["error_codes"], point["inputs"]) == (
        {"1": 5, "2": 2},
        {"bad_input": 1},
        {"image": 4},
    )
    near = {name: pytest.approx(value, rel=0.01) for name, value in (("infer", 8), ("all", 2), ("batch", 3))}
    assert point["stages_ms"] == {"infer": dict.fromkeys(("p50", "p95", "p99"), near["infer"])}
    assert point["queue_ms"] == {"all": dict.fromkeys(("p50", "p95", "p99"), near["all"])}
    assert point["batch"] == {"all": near["batch"]}
    assert point["confidence"]["p10"] == pytest.approx(0.9, rel=0.01)
    assert point["latency_ms"]["p99"] == pytest.approx(20, rel=0.01)
    assert before[0]["latency_ms"] is None


@pytest.mark.parametrize("step", [1, 10, 60])
def test_every_step_tells_the_same_sum(world: World, step: int) -> None:
    windows_add(entries=[entry(seq, row(requests=seq), to=LONG_AGO - 7 * seq + 0.5) for seq in range(1, 9)])
    windows_roll()
    found = told(world, window="15m", step=step, until=UNTIL)
    assert found["requests"] == sum(each["requests"] for each in found["series"]) == 36


def test_one_revision_may_be_asked_for_alone(world: World) -> None:
    windows_add(entries=[entry(1, row(), row(revision=2, requests=2), to=LONG_AGO)])
    found = told(world, until=UNTIL, revision=2)
    assert (found["requests"], found["revisions"]) == (2, {"2": 2})


def test_what_ends_this_second_is_in_the_last_point(world: World) -> None:
    windows_add(entries=[entry(1, row(requests=3), to=now().timestamp())])
    assert sum(each["requests"] for each in told(world)["series"][-30:]) == 3


@pytest.mark.parametrize(("window", "step"), [("1m", 1), ("15m", 1), ("1h", 10), ("24h", 60)])
def test_unless_told_the_step_is_the_shortest_that_gives_few_points(world: World, window: str, step: int) -> None:
    assert told(world, window=window)["step_s"] == step


@pytest.mark.parametrize(
    "query", [{"window": "24h", "step": "1"}, {"step": "7"}, {"window": "2h"}, {"until": "soon"}, {"revision": "-1"}]
)
def test_what_cannot_be_told_is_refused_with_a_reason(world: World, query: dict[str, str]) -> None:
    answer = asked(world.client(world.cy), **query)
    assert answer.status_code == 400
    assert next(iter(query)) in answer.json()["error"]["message"] or "step" in answer.json()["error"]["message"]


@pytest.mark.parametrize("field", MetricsPoint().fields)
def test_every_figure_is_documented(field: str) -> None:
    assert f"`{field}`" in (Path(__file__).parents[2] / "docs/metrics.md").read_text()


def test_a_key_reads_its_own_deployments_and_needs_the_scope(world: World) -> None:
    assert asked(key_client(world, ["read"], ["digits"])).status_code == 200
    assert asked(key_client(world, ["read"], ["letters"])).status_code == 403
    assert asked(key_client(world, ["infer"], ["digits"])).status_code == 403
    assert asked(APIClient()).status_code == 401
    assert asked(world.client(world.cy), name="nothing").status_code == 404
