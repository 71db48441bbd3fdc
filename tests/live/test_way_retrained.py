"""From a call for retraining to the reviewers each process is killed at another step: one job, version and request."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from controlplane.demo.rest import Ci
from tests.live.product import Product
from tests.live.rows import Rows
from tests.training_jobs.texts import write_classifier

#: What the tiny classifier is called in its model.yaml, and its deployment.
MOODS = "moods"
LEAST = 80
POLICY = {
    "least_labels": LEAST,
    "held_out": 0.5,
    "recipe": "full",
    "parameters": {"steps": 600, "batch_size": 8, "checkpoint_every": 10, "learning_rate": 0.01},
    "strategy": "blue_green",
}


ONCE = (
    *("retraining.triggered", "training.requested", "training.done", "version.register", "evaluation.passed"),
    "retraining.ended",
)


class Moods:
    """A classifier that has learned nothing yet, live, and what it is asked and told."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.rows = Rows(product)
        #: Where the trail ended before: the model may have been trained by another test of the same product.
        [(self.began,)] = self.rows.all("SELECT coalesce(max(sequence), 0) FROM core_auditentry")
        key = product.manage("key_create", "ada", "moods", "--scopes", "read,training:write").split()[-1]
        self.api = Ci(product.stack.web_url, key)
        product.ci.model_ensure(MOODS, "For the live tests")
        written = write_classifier(product.folder / "untaught")
        self.version = int(product.ci.version_register(MOODS, written, {}, None)["number"])
        product.ci.deployment_ensure(MOODS, "For the live tests")

    def live(self, **spec: Any) -> None:
        """Asked for by CI, approved by Ben."""
        asked = {"model": MOODS, "version": self.version, "keep_s": 0, "record": {"rate": 1}, **spec}
        revision = self.product.ci.ask("POST", f"deployments/{MOODS}/revisions", json=asked)
        self.product.approve(revision)
        self.product.ci.revision_wait(MOODS, revision["number"], {"live"}, 120)

    def ask(self, count: int) -> None:
        """Texts whose words tell their mood, each asked once and told the truth of."""
        headers = {"Authorization": f"Bearer {self.product.keys['app']}"}
        url, labels = f"{self.product.stack.gateway_url}/v2/models/{MOODS}/infer", []
        for number in range(count):
            text, truth = [("a good fine film", "positive"), ("a bad poor day", "negative")][number % 2]
            asked = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [f"{text} {number}"]}
            answer = httpx.post(url, json={"inputs": [asked]}, headers=headers, timeout=35).raise_for_status()
            labels.append({"prediction": answer.headers["x-quartet-prediction"], "truth": truth})
        told = Ci(self.product.stack.web_url, self.product.keys["labels"])
        told.ask("POST", "feedback", json={"rows": labels})
        told.close()

    def trigger(self) -> dict[str, Any]:
        """The one that there is."""
        [found] = self.api.ask("GET", "training/triggers", params={"deployment": MOODS})["results"]
        return found

    def job(self) -> dict[str, Any]:
        """Its job, or an empty dict while it has none."""
        job = self.trigger()["job"]
        return self.api.ask("GET", f"training/jobs/{job}") if job else {}


@pytest.fixture
def moods(product: Product) -> Iterator[Moods]:
    moods = Moods(product)
    moods.live()
    yield moods
    moods.live(min_replicas=0, scale={"idle_s": 1})
    moods.api.close()


@pytest.mark.timeout(300)
def test_whoever_is_killed_in_between_it_is_trained_once_and_asked_for_once(moods: Moods) -> None:
    product, rows = moods.product, moods.rows
    moods.api.ask("PUT", f"training/policies/{MOODS}", json=POLICY)
    assert moods.api.ask("POST", f"deployments/{MOODS}/retrain")["state"] == "pending"
    rows.kill("control", "analysis", "beat")  # it waits for labels
    moods.ask(LEAST + 20)
    rows.kill("records")  # which writes them down
    product.until(moods.job, "its samples to be frozen", 90)
    rows.kill("analysis", "control")  # asked for
    product.until(lambda: moods.job()["kept_step"] > 0, "a checkpoint", 90)
    rows.kill("accelerator")  # trains
    product.until(lambda: moods.job()["state"] == "done", "the job to be done", 120)
    rows.kill("control", "analysis")  # done: its end is told of
    product.until(lambda: passed(moods), "its rollout to be asked for", 60)
    rows.kill("control")  # the reviewers are asked
    product.until(lambda: asked(moods), "the reviewers to be asked", 60)
    product.until(lambda: not rows.all("SELECT 1 FROM core_outboxevent WHERE done_at IS NULL"), "all to be told", 60)
    counted(moods)


def passed(moods: Moods) -> bool:
    """Whether a rollout was asked for; what stands against it is told at once."""
    trigger = moods.trigger()
    assert trigger["state"] in ("training", "requested"), trigger["reason"]
    return bool(trigger["revision"])


def asked(moods: Moods) -> list[dict[str, Any]]:
    """Requests about what came of it."""
    number = moods.trigger()["revision"]
    revision = moods.api.ask("GET", f"deployments/{MOODS}/revisions/{number}")
    found = moods.api.ask("GET", "approvals")["results"]
    return [each for each in found if each["digest"] == revision["digest"]]


def counted(moods: Moods) -> None:
    """Each act once, and the candidate is what was measured."""
    rows, trigger, job = moods.rows, moods.trigger(), moods.job()
    assert job["attempts"] >= 2, "it was killed as it trained"
    query = "SELECT action FROM core_auditentry WHERE sequence > %s AND target IN (%s, %s, %s)"
    about = (f"deployment:{MOODS}", f"model:{MOODS}", f"version:{job['result']}")
    trail = Counter(row[0] for row in rows.all(query, moods.began, *about))
    assert {act: trail[act] for act in ONCE} == dict.fromkeys(ONCE, 1)
    [evaluation] = [
        each for each in moods.api.ask("GET", "training/evaluations")["results"] if each["candidate"] == job["result"]
    ]
    assert (evaluation["passed"], trigger["evaluation"]) == (True, evaluation["id"])
    [request] = asked(moods)
    assert request["state"] == "open"
    assert json.dumps(request["evidence"]).count(evaluation["digest"]) == 1
    assert rows.told("training.candidate_passed", "evaluation_id", evaluation["id"]) == 1
    assert rows.told("training.job_ended", "job_id", job["id"]) == 1
    assert "is whole" in moods.product.manage("audit_verify")
