"""A model that learned shuffled labels: the gate refuses it, and where two people force it through, the canary does."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from controlplane.demo.rest import Ci
from controlplane.demo.reviewer import Reviewer
from tests.live.labelled import Labelled
from tests.live.product import Product
from tests.live.rollouts import way_back
from tests.live.seen import LEARNED, MEASURED, TRAFFIC, seen, shuffled, write_taught
from workers.training.digits_av.held_out import HeldOutSample

MODEL = DEPLOYMENT = "seen"
#: Every measure but `wrong` may move as it likes: what sends the candidate back are the labels that callers told.
CANARY: dict[str, Any] = {"steps": [30, 60], "interval_s": 20, "samples": 40, "slower": 1, "unsure": 1, "labels": 1}
#: What an administrator does in the admin.
_TWO_PEOPLE = f"""
from django.contrib.auth.models import Group
from apps.approvals.models import Policy
from apps.core.models import User
Policy.objects.create(kind="rollout", scope="{DEPLOYMENT}", approvals_required=2)
dan = User.objects.create_user("dan", password="dans-own-word", is_staff=True)
dan.groups.add(Group.objects.get(name="reviewer"))
"""


@dataclass
class Loop:
    """A digits model that is live as version 1, and what was trained from it on shuffled labels."""

    product: Product
    api: Ci

    def live(self, **spec: Any) -> None:
        """Version 1, approved by Ben alone."""
        revision = self.request(1, **spec)
        self.product.approve(revision)
        self.api.revision_wait(DEPLOYMENT, revision["number"], {"live"}, 90)

    def request(self, version: int, **spec: Any) -> dict[str, Any]:
        asked = {"model": MODEL, "version": version, "keep_s": 0, **spec}
        return self.product.ci.ask("POST", f"deployments/{DEPLOYMENT}/revisions", json=asked)

    def revision(self, asked: dict[str, Any]) -> dict[str, Any]:
        return self.api.ask("GET", f"deployments/{DEPLOYMENT}/revisions/{asked['number']}")

    def freeze(self, name: str, samples: list[HeldOutSample]) -> str:
        """A dataset version of these pictures."""
        directory = self.product.folder / name
        directory.mkdir()
        lines = []
        for number, sample in enumerate(samples):
            (directory / f"{number}.png").write_bytes(sample.png)
            lines.append({"inputs": {"image": f"{number}.png"}, "label": str(sample.digit)})
        (directory / "samples.jsonl").write_text("\n".join(map(json.dumps, lines)))
        return self.product.manage("import_dataset", str(directory), "--name", name, "--actor", "ada").split()[0]

    def train(self, dataset: str, measured_on: str) -> dict[str, Any]:
        """The job's end."""
        asked = {"model": MODEL, "parent": "1", "dataset": dataset, "measured_on": measured_on, "recipe": "full"}
        parameters = {"steps": 100, "learning_rate": 3e-3}
        job = self.api.ask("POST", "training/jobs", json={**asked, "parameters": parameters})
        self.product.until(lambda: self._job(job)["state"] in ("done", "failed"), "the training job to end", 180)
        return self._job(job)

    def _job(self, job: dict[str, Any]) -> dict[str, Any]:
        return self.api.ask("GET", f"training/jobs/{job['id']}")


@pytest.fixture(scope="module")
def loop(product: Product) -> Iterator[Loop]:
    key = product.manage("key_create", "ada", "loop", "--scopes", "read,training:write").split()[-1]
    loop = Loop(product, Ci(product.stack.web_url, key))
    product.ci.model_ensure(MODEL, "For the live tests")
    taught = write_taught(product.folder / "taught")
    assert product.ci.version_register(MODEL, taught, {}, None)["number"] == 1
    product.ci.deployment_ensure(DEPLOYMENT, "For the live tests")
    loop.live()
    yield loop
    product.manage("shell", "-c", "from apps.approvals.models import Policy; Policy.objects.all().delete()")
    loop.live(min_replicas=0, scale={"idle_s": 1})
    loop.api.close()


@pytest.fixture(scope="module")
def candidate(loop: Loop) -> int:
    """The version that a training job made from pictures whose labels were dealt out anew."""
    job = loop.train(loop.freeze("shuffled", shuffled(seen(LEARNED)[:400])), loop.freeze("truth", seen(MEASURED)))
    assert job["state"] == "done", job["reason"]
    return int(job["result"].rpartition("/")[2])


def test_the_gate_refuses_it_with_numbers(loop: Loop, candidate: int) -> None:
    [evaluation] = loop.api.ask("GET", "training/evaluations")["results"]
    assert (evaluation["candidate"], evaluation["champion"]) == (f"{MODEL}/{candidate}", f"{MODEL}/1")
    [overall] = [each for each in evaluation["figures"] if each["slice"] == "all"]
    assert overall["candidate"] < 0.5 < 0.8 < overall["champion"]
    reason = evaluation["verdicts"][0]["reason"]
    assert evaluation["passed"] is False
    assert f"right on {overall['candidate']:.1%} and the champion on {overall['champion']:.1%}" in reason
    entries = loop.api.ask("GET", f"audit?target=version:{MODEL}/{candidate}")["results"]
    assert [each["detail"]["reason"] for each in entries if each["action"] == "evaluation.refused"] == [reason]


def test_forced_through_by_two_people_the_canary_sends_it_back_and_no_request_fails(loop: Loop, candidate: int) -> None:
    loop.product.manage("shell", "-c", _TWO_PEOPLE)
    with Labelled(loop.product, DEPLOYMENT, seen(TRAFFIC), rate=40) as callers:
        rollout = forced(loop, candidate)
        loop.product.until(lambda: told(loop, rollout)["state"] == "failed", "the canary to send it back", 90)
        before = callers.answered["1"]
        loop.product.until(lambda: callers.answered["1"] > before + 40, "the old version to answer on", 30)
    assert (callers.failures, callers.refused) == ([], [])
    assert sum(callers.answered.values()) == callers.sent
    assert callers.answered.keys() == {"1", str(candidate)}
    assert callers.right["1"] / callers.answered["1"] > 0.8
    ended = told(loop, rollout)
    assert ended["reason"].startswith("It is wrong in ")
    assert ended["step"] == 0, "it went back from its first share"
    verdict, back, moved = way_back(loop.api, ended)
    interval = timedelta(seconds=CANARY["interval_s"])
    assert ended["comparison"]["verdict"] == "fail"
    assert verdict <= back <= verdict + interval, "the way back began within one interval of what it was decided on"
    assert back <= moved <= back + interval, "and every gateway had followed within another"
    assert loop.api.ask("GET", f"deployments/{DEPLOYMENT}")["live_revision"] == ended["from_revision"]


def forced(loop: Loop, candidate: int) -> int:
    """Two people approve it against the gate's word, of whom one is not enough; its rollout."""
    revision = loop.request(candidate, strategy="canary", canary=CANARY)
    for name, password in {"ben": loop.product.passwords["ben"], "dan": "dans-own-word"}.items():
        assert loop.revision(revision)["state"] == "requested"
        with Reviewer(loop.product.stack.web_url, name, password) as reviewer:
            request = reviewer.approve(revision["digest"], "We know better.")
    decisions = loop.api.ask("GET", f"approvals/{request['id']}")["decisions"]
    assert sorted(each["reviewer"] for each in decisions) == ["ben", "dan"]
    loop.product.until(lambda: loop.revision(revision)["rollout"], "its rollout to begin", 30)
    return int(loop.revision(revision)["rollout"]["id"])


def told(loop: Loop, rollout: int) -> dict[str, Any]:
    return loop.api.ask("GET", f"rollouts/{rollout}")
