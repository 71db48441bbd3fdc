"""The workflow of docs/ against the running product: what it prints, what makes it fail, and how it begins again."""

import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, cycle
from pathlib import Path
from typing import Any

import httpx
import pytest

from controlplane.demo.rest import Ci
from controlplane.embedded.stack import ROOT
from tests.live.moods import TEXTS, write_exam, write_moods
from tests.live.product import Product
from tests.live.workflow import Run

pytestmark = pytest.mark.timeout(400)
MODEL = DEPLOYMENT = "delivered"
#: What docs/continuous-delivery.md tells an administrator to make.
_ACCOUNT = """
from django.contrib.auth.models import Group
from apps.core.models import User
delivery = User.objects.create_user("delivery", owner=User.objects.get(username="ada"))
delivery.groups.set(Group.objects.filter(name__in=["publisher", "operator"]))
"""
_PAGE = (ROOT / "docs/continuous-delivery.md").read_text()
[_KEY] = re.findall(r"^ +python manage.py (key_create .+)$", _PAGE, re.MULTILINE)
#: What the better model is judged by is that it answers: all else may move as it likes.
_WIDE = {"failed": 0.5, "slower": 1, "unsure": 1, "labels": 1, "wrong": 1}
MEASURE, ASK = "Measure it beside what is live", "Ask for the rollout"


class Team:
    """A model that guesses is live; a repository builds others and has them delivered, and Ben reviews."""

    def __init__(self, product: Product) -> None:
        self.product = product
        product.manage("shell", "-c", _ACCOUNT)
        key = product.manage(*_KEY.split()).split()[-1]
        reviews = product.manage("key_create", "ben", "delivered", "--scopes", "read,approvals:write").split()[-1]
        self.ben = Ci(product.stack.web_url, reviews)
        exam = write_exam(product.folder / "exam")
        dataset = product.manage("import_dataset", str(exam), "--name", "delivered", "--actor", "ada").split()[0]
        told = {"QUARTET_URL": product.stack.web_url, "QUARTET_KEY": key, "DATASET": dataset}
        self.settings = told | {"MODEL": MODEL, "DEPLOYMENT": DEPLOYMENT}
        product.ci.model_ensure(MODEL, "For the live tests")
        product.ci.deployment_ensure(DEPLOYMENT, "For the live tests")
        self.version = int(product.ci.version_register(MODEL, self.build(0), {}, None)["number"])
        self.runs = count()

    def build(self, scale: float) -> Path:
        """The artifact of a scale, always the same bytes."""
        directory = self.product.folder / f"moods-{scale}"
        return directory if directory.exists() else write_moods(directory, scale)

    def live(self, **spec: Any) -> None:
        """The model that guesses, by hand."""
        asked = {"model": MODEL, "version": self.version, "keep_s": 0, **spec}
        revision = self.product.ci.ask("POST", f"deployments/{DEPLOYMENT}/revisions", json=asked)
        self.product.approve(revision)
        self.product.ci.revision_wait(DEPLOYMENT, revision["number"], {"live"}, 120)

    def run(self, scale: float, *, key: str = "", **rollout: Any) -> Run:
        """The workflow in a repository that builds a model of this scale; `rollout` is what it asks for with it."""
        workspace = self.product.folder / f"repository-{next(self.runs)}"
        shutil.copytree(self.build(scale), workspace / "model")
        settings = self.settings | ({"QUARTET_KEY": key} if key else {})
        return Run(workspace, settings, ROLLOUT=json.dumps({"keep_s": 0, **rollout}))

    def revisions(self) -> list[dict[str, Any]]:
        """Newest first."""
        found: list[dict[str, Any]] = self.ben.ask("GET", f"deployments/{DEPLOYMENT}/revisions")["results"]
        return found

    def rollout(self, number: int) -> dict[str, Any]:
        """That of a revision, or an empty dict while it has none."""
        return self.ben.ask("GET", f"deployments/{DEPLOYMENT}/revisions/{number}")["rollout"] or {}

    def decide(self, run: Run, verdict: str, comment: str) -> dict[str, Any]:
        """Once the run waits for it; the revision."""
        self.product.until(lambda: run.says("waits for approval"), "the run to wait for a reviewer", 120)
        [revision] = [each for each in self.revisions() if each["state"] == "requested"]
        self.product.until(lambda: self._open(revision), "its approval request", 30)
        [request] = self._open(revision)
        self.ben.ask("POST", f"approvals/{request['id']}/decisions", json={"verdict": verdict, "comment": comment})
        return revision

    def _open(self, revision: dict[str, Any]) -> list[dict[str, Any]]:
        found = self.ben.ask("GET", "approvals?state=open")["results"]
        return [each for each in found if each["digest"] == revision["digest"]]

    @contextmanager
    def callers(self) -> Iterator[None]:
        """Somebody asks the deployment without pause."""
        done = threading.Event()
        threads = [threading.Thread(target=self._ask, args=(done,), daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            done.set()
            for thread in threads:
                thread.join()

    def _ask(self, done: threading.Event) -> None:
        url = f"{self.product.stack.gateway_url}/v2/models/{DEPLOYMENT}/infer"
        with httpx.Client(headers={"Authorization": f"Bearer {self.product.keys['app']}"}, timeout=35) as http:
            for text, _ in cycle(TEXTS):
                http.post(url, json={"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}]})
                if done.wait(0.1):
                    return


@pytest.fixture(scope="module")
def team(product: Product) -> Iterator[Team]:
    team = Team(product)
    team.live()
    yield team
    team.live(min_replicas=0, scale={"idle_s": 1})
    team.ben.close()


def test_a_better_model_is_live_at_the_end_and_every_step_says_what_it_did(team: Team) -> None:
    canary = {"steps": [50], "interval_s": 5, "samples": 20, "patience_s": 120, **_WIDE}
    with team.callers(), team.run(1, strategy="canary", canary=canary) as run:
        revision = team.decide(run, "approve", "Fine.")
        assert run.ends(240).code == 0, run.printed()
    number, version = revision["number"], revision["version"]
    live = team.ben.ask("GET", f"deployments/{DEPLOYMENT}")["live_revision"]
    assert (live, revision["requested_by"]) == (number, "delivery")
    assert revision["spec"]["note"] == "Commit 8c0fe1e0a4 of team/moods"
    found = team.ben.ask("GET", f"models/{MODEL}/versions/{version}")
    assert found["lineage"]["code"] == "https://github.example/team/moods/commit/8c0fe1e0a4"
    assert f"{MODEL}/{version} is registered, digest {found['digest']}." in run.printed("Register the version")
    assert "Passed: On 'all' (60 samples) the candidate is right on 100.0%" in run.printed(MEASURE)
    assert f"Revision {number} of {DEPLOYMENT} is asked for: " in run.printed(ASK)
    lines = run.printed("Wait until it is live").splitlines()
    assert f"Revision {number} of {DEPLOYMENT} waits for approval. " in lines
    assert f"Revision {number} of {DEPLOYMENT} was approved by ben. " in lines
    assert lines[-1] == f"{MODEL}/{version} is live behind {DEPLOYMENT}, revision {number}."


def test_a_worse_model_is_refused_with_numbers_and_no_rollout_is_asked_for(team: Team) -> None:
    before = [each["number"] for each in team.revisions()]
    with team.run(-1) as run:
        assert run.ends(180).code == 1
    assert run.begun()[-1] == MEASURE
    refusal = run.printed(MEASURE).splitlines()[-1]
    assert refusal.startswith(f"::error::The gates refuse {MODEL}/")
    assert "On 'all' (60 samples) the candidate is right on 0.0% and the champion on " in refusal
    assert refusal.endswith("It may be worse by 1.00 points at most.")
    assert [each["number"] for each in team.revisions()] == before


def test_started_again_after_its_runner_was_lost_it_goes_on_with_what_was_asked_for_and_tells_a_rejection(
    team: Team,
) -> None:
    before = len(team.revisions())
    with team.run(2) as lost:
        team.product.until(lambda: lost.says("waits for approval"), "the run to wait for a reviewer", 180)
    with team.run(2) as run:
        revision = team.decide(run, "reject", "Not before\nthe holidays.")
        assert run.ends(60).code == 1
    assert run.begun() == ["Make ready", "Register the version", "Wait until it is live"]
    assert len(team.revisions()) == before + 1
    said = f"::error::Revision {revision['number']} is rejected. Rejected by ben: Not before%0Athe holidays."
    assert run.printed().splitlines()[-1] == said


def test_it_says_that_a_rollout_waits_for_a_person_and_fails_where_that_person_gives_it_up(team: Team) -> None:
    canary = {"steps": [50], "interval_s": 3600, "patience_s": 3600}
    with team.run(3, strategy="canary", canary=canary) as run:
        number = team.decide(run, "approve", "Fine.")["number"]
        team.product.until(lambda: team.rollout(number).get("state") == "canary", "the first share", 120)
        rollout = f"rollouts/{team.rollout(number)['id']}"
        team.product.ci.ask("POST", f"{rollout}/pause")
        paused = "Its rollout is canary, with 50 % of the traffic. It waits for a person: Paused by ada."
        team.product.until(lambda: run.says(paused), "the pause to be told", 90)
        team.product.ci.ask("POST", f"{rollout}/abort", json={"reason": "Callers complain."})
        assert run.ends(120).code == 1
    assert run.printed().splitlines()[-1].startswith(f"::error::The rollout of revision {number} is failed. ")
    assert "Callers complain." in run.printed().splitlines()[-1]


def test_a_key_without_the_scope_is_refused_in_the_words_of_the_api(team: Team) -> None:
    with team.run(1, key=team.product.keys["labels"]) as run:
        assert run.ends(60).code == 1
    words = "::error::This key lacks the scope 'models:write'. Use a key that holds the scope, or sign in."
    assert words in run.printed().splitlines()
