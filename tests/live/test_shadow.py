"""A revision stands in the shadow of the live one: callers never hear it, die as it may, and what it said decides."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from tests.live.product import DEPLOYMENT, Product, nothing_failed

_WIDE = {"failed": 0.9, "slower": 0.9, "unsure": 0.9, "wrong": 0.9}


@pytest.fixture
def rollout(product: Product) -> Iterator[int]:
    """The model that says 3 is asked what the one that says 7 has answered."""
    product.deploy(7)
    plan = {"share": 100, "interval_s": 5, "samples": 300, "patience_s": 300, "differs": 0.1, **_WIDE}
    revision = product.request(product.register(3), strategy="shadow", shadow=plan)
    product.approve(revision)
    product.until(lambda: _revision(product, revision)["rollout"], "its rollout to begin", 30)
    found = int(_revision(product, revision)["rollout"]["id"])
    product.until(lambda: _told(product, found)["state"] == "shadow", "its replicas to be ready", 60)
    yield found
    if _told(product, found)["state"] == "shadow":
        product.ci.ask("POST", f"rollouts/{found}/abort")


def _revision(product: Product, revision: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = product.ci.ask("GET", f"deployments/{DEPLOYMENT}/revisions/{revision['number']}")
    return found


def _told(product: Product, rollout: int) -> dict[str, Any]:
    found: dict[str, Any] = product.ci.ask("GET", f"rollouts/{rollout}")
    return found


def test_callers_hear_the_live_one_alone_and_what_the_other_said_ends_it(product: Product, rollout: int) -> None:
    mine = _told(product, rollout)["to_revision"]
    with product.traffic(rate=40) as traffic:
        product.until(lambda: _mirrors(product, rollout) > 20, "mirrors to be compared", 60)
        for replica in [each for each in product.replicas("ready") if each["revision"] == mine]:
            os.kill(replica["pid"], signal.SIGKILL)
            product.until(lambda pid=replica["pid"]: not psutil.pid_exists(pid), "it to be gone", 10)  # type: ignore[misc]
        product.until(lambda: _told(product, rollout)["state"] == "failed", "it to be judged", 90)
        tally = traffic.stop()
    nothing_failed(tally)
    ended = _told(product, rollout)
    assert len(tally.versions) == 1, f"another version answered somebody: {tally.versions}"
    verdicts = {each["name"]: each["verdict"] for each in ended["comparison"]["measures"]}
    assert verdicts["differs"] == "fail"
    assert ended["comparison"]["mirrors"]["agreement"] == 0
    assert product.answer() == 7
    assert product.ci.ask("GET", f"deployments/{DEPLOYMENT}")["live_revision"] == ended["from_revision"]


def _mirrors(product: Product, rollout: int) -> int:
    return int(_told(product, rollout)["comparison"].get("mirrors", {}).get("compared", 0))
