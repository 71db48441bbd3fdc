"""Real traffic through a real gateway: the caller's own count, the windows, REST and the websocket tell the same."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from redis import Redis

from apps.console.pulse import pulses, pulses_send
from apps.core.models import User
from apps.monitoring.models import MetricTotal, MetricWindow
from apps.monitoring.rules.counts import Counts, total
from apps.monitoring.rules.figures import figures
from apps.monitoring.rules.sketches import quantile
from apps.monitoring.selectors import counts_of, windows_between
from tests.console.tab import Tab
from tests.deployments.makers import make_deployment
from tests.serving import worlds
from tests.serving.conftest import plane, redis_url
from tests.serving.planes import FAILING, HELD, MANIFEST, REFUSED, Plane, numbers
from tests.serving.processes import until
from tests.world import World
from workers import ingest
from workers.ingest import Ingest

__all__ = ["plane", "redis_url"]  # fixtures

pytestmark = pytest.mark.django_db(transaction=True)

SCORES = MANIFEST | {"outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2], "role": "scores"}]}


@dataclass
class Caller:
    """Asks, and keeps an account of its own."""

    plane: Plane
    answered: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    queued_ms: list[float] = field(default_factory=list)
    computed_ms: list[float] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)

    @property
    def asked(self) -> int:
        return self.answered + sum(self.errors.values())

    def ask(self, *x: float) -> None:
        """One request; its queue and batch are told in the answer's Server-Timing."""
        response = self.plane.ask(*x)
        if response.status_code != 200:
            self.errors[response.json()["code"]] += 1
            return
        self.answered += 1
        self.confidences.append(max(numbers(response)))
        times = [float(part.partition("dur=")[2]) for part in response.headers["server-timing"].split(",")]
        self.queued_ms.append(times[0])
        self.computed_ms.append(times[1])


@pytest.fixture
def caller(plane: Plane, world: World) -> Caller:
    make_deployment(world, "doubler")
    plane.publish(doubler=worlds.deployment())
    plane.serve(manifest=SCORES)
    return Caller(plane)


def _counted(valkey: Redis, number: int) -> None:
    """Ingest what the gateway tells until so many requests are counted."""
    reader = Ingest(*ingest.readers(valkey, "one"), lambda: None, threading.Event())
    until(lambda: reader.turn() or _requests() == number, "every request to be counted")


def _requests() -> int:
    rows = MetricWindow.objects.filter(deployment="doubler", step=1)
    return sum(rows.values_list("requests", flat=True))


def _windows() -> Counts:
    return total(map(counts_of, MetricWindow.objects.filter(deployment="doubler", step=1)))


def _rest(world: World, **query: Any) -> dict[str, Any]:
    return world.client(world.cy).get("/api/v1/deployments/doubler/metrics", query).json()


def _heard(user: User) -> dict[str, Any]:
    """A pulse as an open page hears it."""

    async def hear() -> dict[str, Any]:
        tab = await (await Tab.of(user)).follow("deployment.doubler")
        await pulses_send(await sync_to_async(pulses)())
        pulse = await tab.hear()
        await tab.leave()
        return pulse

    return async_to_sync(hear)()


def _share(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def _is_near(found: float, true: float) -> bool:
    """Within the sketch's error, and what Server-Timing rounds."""
    return abs(found - true) <= 0.01 * true + 0.006


def test_caller_windows_rest_and_websocket_agree(caller: Caller, world: World, plane: Plane) -> None:
    for place in range(60):
        caller.ask(0.2 + place / 400, 0.3 - place / 400)
        if place % 20 == 0:
            caller.ask(FAILING, 0)
            caller.ask(REFUSED, 0)
    _counted(plane.valkey, caller.asked)
    pulse, rest, windows = _heard(world.ada), _rest(world, step=1), _windows()

    assert caller.asked == windows.requests == rest["requests"] == sum(each["requests"] for each in rest["series"])
    assert caller.answered == windows.samples == rest["samples"]
    assert dict(caller.errors) == dict(windows.errors) == rest["error_codes"]
    assert (rest["failed"], rest["refused"]) == (3, 3)
    for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
        assert rest["latency_ms"][name] == quantile(windows.latency, share)
        assert _is_near(rest["queue_ms"]["all"][name], _share(caller.queued_ms, share)), name
        together = sum(rest["stages_ms"][step]["p50"] for step in ("preprocess", "infer", "postprocess"))
        assert together <= 1.02 * max(caller.computed_ms)
    assert rest["confidence"]["p10"] == pytest.approx(_share(caller.confidences, 0.1), rel=0.0101)

    since = pulse["since"]
    recent = [each for each in rest["series"] if _second(each) >= since]
    assert pulse["numbers"]["requests"] == sum(each["requests"] for each in recent)
    by_revision = windows_between(["doubler"], 1, since, since + 12)["doubler"]
    parts = [counts for each in by_revision.values() for counts in each.values()]
    told = figures({1: total(parts)}, 10)
    for name in ("p50", "p95", "p99", "failed", "refused", "stages", "queues", "batches", "confidence"):
        assert pulse["numbers"][name] == getattr(told, name), name


def _second(point: dict[str, Any]) -> int:
    return int(datetime.fromisoformat(point["at"]).timestamp())


def test_what_two_replicas_computed_as_the_first_was_killed_is_counted_once(
    caller: Caller, world: World, plane: Plane
) -> None:
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(caller.ask, HELD, 0)
        (victim,) = until(plane.entered, "the batch to be under way")
        plane.serve(manifest=SCORES)
        next(each for each in plane.replicas if each.process.pid == victim).kill()
        plane.open_gate()
        held.result()
    _counted(plane.valkey, 1)
    counted = {name: sum(buckets.values()) for name, buckets in _windows().sketches.items()}
    steps = {f"stage/{step}": 1 for step in ("preprocess", "infer", "postprocess")}
    assert counted == {"latency": 1, "queue/all": 1, "batch/all": 1, **steps}
    assert MetricTotal.objects.get(deployment="doubler").counts["batches/all"] == 1
