"""kill -9 anything: service comes back by itself, and the registry has lost nothing."""

import os
import signal

import pytest

from tests.live.product import DEPLOYMENT, Product, nothing_failed


def test_a_killed_replica_costs_no_answer_and_is_replaced(product: Product) -> None:
    before = {replica["id"] for replica in product.replicas("ready")}
    with product.traffic() as traffic:
        os.kill(product.replicas("ready")[0]["pid"], signal.SIGKILL)
        product.until(
            lambda: len({r["id"] for r in product.replicas("ready")} - before) == 1, "a new replica to be ready", 20
        )
    nothing_failed(traffic.tally)
    assert len(product.replicas("ready")) == 2


def test_every_replica_killed_at_once_costs_no_answer(product: Product) -> None:
    before = {replica["id"] for replica in product.replicas("ready")}
    with product.traffic() as traffic:
        for replica in product.replicas("ready"):
            os.kill(replica["pid"], signal.SIGKILL)
        product.until(lambda: len({r["id"] for r in product.replicas("ready")} - before) == 2, "two new replicas", 25)
    nothing_failed(traffic.tally)


@pytest.mark.parametrize("process", ["web", "control", "beat", "ingest", "records", "postgres"])
def test_requests_do_not_notice_the_death_of(process: str, product: Product) -> None:
    before = product.holdings()
    with product.traffic() as traffic:
        product.kill(process)
        product.serves()
    nothing_failed(traffic.tally)
    assert product.holdings() == before


@pytest.mark.parametrize("process", ["accelerator", "gateway", "valkey"])
def test_service_comes_back_after_the_death_of(process: str, product: Product) -> None:
    before = product.holdings()
    product.kill(process)
    product.serves()
    product.until(lambda: len(product.replicas("ready")) == 2, "both replicas", 30)
    assert product.holdings() == before


def test_a_killed_accelerator_worker_leaves_no_orphan(product: Product) -> None:
    pids = [replica["pid"] for replica in product.replicas("ready")]
    product.kill("accelerator")
    product.until(lambda: not any(_runs(pid) for pid in pids), "its replicas to end", 20)
    product.serves()
    product.until(lambda: len(product.replicas("ready")) == 2, "both replicas", 30)


def test_a_rollout_survives_the_death_of_every_worker(product: Product) -> None:
    revision = product.request(product.register(3), replicas=2)
    product.approve(revision)
    for process in ("control", "beat", "accelerator"):
        product.kill(process)
    product.ci.revision_wait(DEPLOYMENT, revision["number"], {"live"}, 60)
    product.until(lambda: product.answer() == 3, "the new revision to answer", 30)
    product.deploy(7, replicas=2)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
