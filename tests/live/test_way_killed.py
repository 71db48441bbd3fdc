"""From request to live each process is killed at another step: no event is lost, and none is acted on twice."""

from collections import Counter
from typing import Any

import pytest

from tests.live.product import DEPLOYMENT, Product
from tests.live.rows import Rows

#: Of a rollout, in this order; each may pass unseen while a process starts.
COURSE = ("starting", "canary", "shifting", "draining", "done")
CANARY = {"steps": [20, 50], "interval_s": 3, "samples": 10, "failed": 1, "slower": 1, "unsure": 1, "labels": 1}


@pytest.mark.timeout(240)
def test_nothing_is_lost_or_done_twice_whoever_is_killed_in_between(product: Product) -> None:
    rows = Rows(product)
    revision = product.request(product.register(3), strategy="canary", canary=CANARY)
    number = revision["number"]
    rows.kill("control", "beat")  # asked for: the relay, the reconciler and the ticker are in `control`
    product.until(lambda: asked(product, revision), "the reviewers to be asked", 60)
    product.approve(revision)
    rows.kill("control")  # approved
    product.until(lambda: rollout(product, number), "its rollout to begin", 60)
    rows.kill("accelerator")  # its replicas start
    with product.traffic(rate=30):
        product.until(lambda: reached(product, number, "canary"), "the first share", 90)
        rows.kill("control", "beat")  # at its first step
        product.until(lambda: rollout(product, number)["step"] == 1, "the second step", 60)
        rows.kill("accelerator", "control")  # at its second
        product.until(lambda: reached(product, number, "shifting"), "all traffic", 90)
        rows.kill("control")  # live, the old one not gone
        product.until(lambda: reached(product, number, "done"), "the end", 60)
        product.until(lambda: product.answer() == 3, "the new revision to answer", 30)
    counted(product, rows, revision)
    product.deploy(7, replicas=2)


def counted(product: Product, rows: Rows, revision: dict[str, Any]) -> None:
    """Each act once, each event once, and all events told."""
    [(pk,)] = rows.all("SELECT id FROM deployments_revision WHERE digest = %s AND state = 'live'", revision["digest"])
    once = ("revision.requested", "revision.approved", "rollout.started", "rollout.shifted", "rollout.done")
    query = "SELECT action FROM core_auditentry WHERE target = %s AND detail->>'revision' = %s"
    trail = Counter(row[0] for row in rows.all(query, f"deployment:{DEPLOYMENT}", str(revision["number"])))
    assert {act: trail[act] for act in once} == dict.fromkeys(once, 1)
    assert trail["rollout.stepped"] == len(CANARY["steps"])  # type: ignore[arg-type]
    [request] = asked(product, revision)
    assert (request["state"], len(request["decisions"])) == ("granted", 1)
    assert rows.all("SELECT state FROM deployments_rollout WHERE to_revision_id = %s", pk) == [("done",)]
    assert rows.told("deployments.rollout_requested", "revision_id", pk) == 1
    assert rows.told("approvals.granted", "digest", revision["digest"]) == 1
    product.until(lambda: not rows.all("SELECT 1 FROM core_outboxevent WHERE done_at IS NULL"), "all to be told", 60)
    assert "is whole" in product.manage("audit_verify")


def asked(product: Product, revision: dict[str, Any]) -> list[dict[str, Any]]:
    found = product.ci.ask("GET", "approvals")["results"]
    return [each for each in found if each["digest"] == revision["digest"]]


def rollout(product: Product, number: int) -> dict[str, Any]:
    """As it stands; nothing while it has not begun."""
    return product.ci.ask("GET", f"deployments/{DEPLOYMENT}/revisions/{number}")["rollout"] or {}


def reached(product: Product, number: int, state: str) -> bool:
    """Whether its rollout is as far; one that left the course is told of at once."""
    found = rollout(product, number)
    assert found["state"] in COURSE, found["reason"]
    return COURSE.index(found["state"]) >= COURSE.index(state)
