"""A candidate that says what the live one says goes back all the same where it is slow, or fails, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest

from controlplane.demo.traffic import Tally
from tests.live.product import DEPLOYMENT, Product, nothing_failed
from tests.live.rollouts import way_back

INTERVAL = 5
#: No other measure than the one that is looked at can send it back.
WIDE = dict.fromkeys(("failed", "slower", "unsure", "labels", "wrong"), 1)


def sent_back(product: Product, ails: str, measure: str) -> tuple[dict[str, Any], Tally, int]:
    """The rollout's end; what callers met; and how many requests had failed by then."""
    product.deploy(7)
    plan = {"steps": [50], "interval_s": INTERVAL, "samples": 60, "patience_s": 300, **WIDE}
    del plan[measure]
    with product.traffic() as traffic:
        revision = product.request(product.register(7, ails), strategy="canary", canary=plan)
        product.approve(revision)
        at = f"deployments/{DEPLOYMENT}/revisions/{revision['number']}"
        product.until(lambda: (product.ci.ask("GET", at)["rollout"] or {}).get("state") == "failed", "its end", 120)
        failed = len(traffic.tally.failures)
        answered = sum(traffic.tally.versions.values())
        product.until(lambda: sum(traffic.tally.versions.values()) > answered + 60, "callers to be answered on", 30)
    rollout = product.ci.ask("GET", at)["rollout"]["id"]
    return product.ci.ask("GET", f"rollouts/{rollout}"), traffic.tally, failed


def went_back_for(ended: dict[str, Any], product: Product, measure: str) -> None:
    """By this measure alone, within an interval of the verdict, to the revision that was live before."""
    assert [each["name"] for each in ended["comparison"]["measures"] if each["verdict"] == "fail"] == [measure]
    verdict, back, moved = way_back(product.ci, ended)
    assert verdict <= back <= moved <= verdict + 2 * timedelta(seconds=INTERVAL)
    assert product.ci.ask("GET", f"deployments/{DEPLOYMENT}")["live_revision"] == ended["from_revision"]


def test_one_that_is_only_slower_goes_back_and_no_request_fails(product: Product) -> None:
    ended, tally, _ = sent_back(product, "slow", "slower")
    went_back_for(ended, product, "slower")
    nothing_failed(tally)


def test_one_that_fails_goes_back_and_nothing_fails_afterwards(product: Product) -> None:
    ended, tally, failed = sent_back(product, "deaf", "failed")
    went_back_for(ended, product, "failed")
    assert 0 < failed == len(tally.failures)
    assert all("500 Internal Server Error" in each for each in tally.failures), "the model's fault, and no other"


@pytest.fixture(autouse=True)
def two_replicas_afterwards(product: Product) -> Any:
    yield
    product.deploy(7, replicas=2)
