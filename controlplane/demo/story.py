"""The main job in nine steps, each checked: a step that did not hold ends the demo with a sentence."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from controlplane.demo.drifting import EXPECTED, Drifting
from controlplane.demo.loop import Loop
from controlplane.demo.model import Training
from controlplane.demo.renewing import Renewing
from controlplane.demo.rest import Ci
from controlplane.demo.reviewer import Reviewer
from controlplane.demo.traffic import SENSES, Tally, Traffic, body, digit
from controlplane.demo.watch import live_numbers
from controlplane.embedded.errors import OperatorError
from controlplane.embedded.stack import ROOT, Stack
from workers.training.digits_av.conditions import Condition
from workers.training.digits_av.held_out import HeldOutSample, held_out

MODEL, DEPLOYMENT = "digits-av", "digits"
#: Requests a second of the demo's clients: lively on the dashboard, easy on two cores.
RATE = 24.0
_SAMPLES = 240
#: What a training measures: both senses, and either alone.
_PARTS = ("both", "picture", "sound")


@dataclass
class Story:
    """Carries what one step leaves for the next; `seen` is what the demo reports at the end."""

    stack: Stack
    say: Callable[[str], None]
    trainings: list[Training]
    seen: dict[str, Any] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    world: Drifting = field(init=False)

    def run(self) -> None:
        """All nine steps, in order."""
        self.seed()
        self.train(0)
        self.register(0)
        self.deploy_first()
        self.ask()
        self.watch_and_replace()
        self.drift()
        self.do_without()
        self.renew()

    def seed(self) -> None:
        """The people and keys of the demo, with fresh one-time passwords."""
        with self._step("people"):
            command = [sys.executable, str(ROOT / "manage.py"), "demo_seed"]
            done = subprocess.run(command, env=dict(self.stack.environ), capture_output=True, text=True)
            if done.returncode != 0:
                raise OperatorError(f"Making the demo's people failed:\n{done.stderr[-2000:]}")
            made = json.loads(done.stdout.splitlines()[-1])
            self.people, self.keys = made["passwords"], made["keys"]
            self.ci = Ci(self.stack.web_url, self.keys["ci"])

    def train(self, number: int) -> None:
        """Wait for a model's training and show what it measured."""
        with self._step(f"train_{number + 1}"):
            report = self.trainings[number].result()
            self.seen[f"accuracy_{number + 1}"] = report["accuracy"]
            measured = report["accuracy"]
            shown = ", ".join(f"{part} {measured[part]:.3f} (n {measured[f'{part}_samples']})" for part in _PARTS)
            self.say(f"1. Model {number + 1}: accuracy on held-out data: {shown}")

    def register(self, number: int) -> None:
        """Upload the trained directory as CI would, twice: the second time must change nothing."""
        with self._step(f"register_{number + 1}"):
            self.ci.model_ensure(MODEL, "A handwritten digit and the spoken digit, seen and heard")
            training = self.trainings[number]
            report = training.result()
            dataset = report["dataset"]
            lineage = {
                "dataset": f"{dataset['name']}, {dataset['samples']} samples, sha256 {dataset['sha256']}",
                "code": f"workers/training/digits_av, sha256 {report['code']}",
            }
            parent = self.seen.get("version_1") if number else None
            version = self.ci.version_register(MODEL, training.directory, lineage, parent)
            again = self.ci.version_register(MODEL, training.directory, lineage, parent)
            _hold(again["number"] == version["number"], "Registering the same bytes twice gave two versions.")
            self.seen[f"version_{number + 1}"] = version["number"]
            self.say(f"2. Registered {MODEL} version {version['number']}, sha256 {version['digest'][:12]}…")

    def deploy_first(self) -> None:
        """Bring the first model live, unless an earlier start has left one."""
        if self.ci.deployment_ensure(DEPLOYMENT, "Which digit is it?")["live_revision"]:
            self.say(f"3. {DEPLOYMENT} is live since an earlier start")
        else:
            self.deploy(0)

    def deploy(self, number: int) -> None:
        """Ask for a revision, see the requester refused, let Ben approve it in the admin, wait until it is live."""
        with self._step(f"deploy_{number + 1}"):
            version = self.seen[f"version_{number + 1}"]
            wanted = {"model": MODEL, "version": version, "note": f"demo, model {number + 1}", "record": {"rate": 1.0}}
            revision = self.ci.ask("POST", f"deployments/{DEPLOYMENT}/revisions", json=wanted)
            with Reviewer(self.stack.web_url, "ben", self.people["ben"]) as ben:
                ben.approve(revision["digest"], "Looks right")
            live = self.ci.revision_wait(DEPLOYMENT, revision["number"], {"live"}, 90)
            self.seen |= {"revision": live["number"], "newest": str(version)}
            self.say(
                f"3. Ben approved revision {live['number']} in the admin; it is live with {MODEL} version {version}"
            )

    def ask(self) -> None:
        """One question of each kind at the gateway: both senses, and either alone."""
        with self._step("ask"):
            [sample] = held_out(1, seed=5, cache_directory=self._cache())
            _until_ready(self.stack.gateway_url, self.keys["app"])
            said = {"+".join(senses): self._one_answer(sample, senses) for senses in SENSES}
            self.seen["asked"] = {"truth": sample.digit, "said": said}
            words = ", ".join(f"{senses} → {value}" for senses, value in said.items())
            self.say(f"4. Asked for a {sample.digit}: {words}")

    def watch_and_replace(self) -> None:
        """Under steady traffic: look at the live numbers, then move to the other model and count what failed."""
        samples = list(held_out(_SAMPLES, seed=6, cache_directory=self._cache()))
        with Traffic(self.stack.gateway_url, self.keys["app"], samples, rate=RATE) as traffic:
            self.watch()
            self.train(1)
            self.register(1)
            self.deploy(self._other())
            time.sleep(3)  # so that the new revision answers its share of what is counted
            self.judge(traffic.stop())

    def _other(self) -> int:
        """Which of the two models is not live: a second start of the demo moves back to the first."""
        live = self.ci.ask("GET", f"deployments/{DEPLOYMENT}")["live_revision"]
        version = self.ci.ask("GET", f"deployments/{DEPLOYMENT}/revisions/{live}")["version"]
        return 0 if version == self.seen["version_2"] else 1

    def watch(self) -> None:
        """Live numbers by websocket, no more than two seconds old, and both /metrics pages."""
        with self._step("watch"):
            numbers = live_numbers(self.stack.web_url, "ada", self.people["ada"], f"deployment.{DEPLOYMENT}")
            _hold(
                numbers["behind_s"] <= 2.0,
                f"The live numbers were {numbers['behind_s']} s old; at most 2 s is promised.",
            )
            requests = _metric(f"{self.stack.gateway_url}/metrics", "quartet_requests_total")
            _hold(requests > 0, "The gateway's /metrics counts no request.")
            replicas = _metric(f"{self.stack.web_url}/metrics", "quartet_replicas")
            _hold(replicas > 0, "The web process's /metrics shows no replica.")
            self.seen["behind_s"] = numbers["behind_s"]
            self.say(f"5. Live numbers arrive by websocket, {numbers['behind_s']:.1f} s behind; /metrics answers")

    def judge(self, tally: Tally) -> None:
        """No request may have failed through the swap, and answers must be mostly right with every sense."""
        self.seen |= {
            "requests": tally.sent,
            "failed": len(tally.failures),
            "answered_by_version": tally.versions,
            "answered_right": tally.accuracy(),
            "latency_ms": {f"p{p}": tally.percentile(p) for p in (50, 95, 99)},
        }
        _hold(not tally.failures, f"{len(tally.failures)} of {tally.sent} requests failed, first: {tally.failures[:1]}")
        newest = self.seen["newest"]
        _hold(tally.versions.get(newest, 0) > 0, f"No request was answered by version {newest} after the swap.")
        _hold(min(tally.accuracy().values()) > 0.8, f"Too many wrong answers: {tally.accuracy()}")
        versions = ", ".join(f"{n} by version {v}" for v, n in sorted(tally.versions.items()))
        self.say(f"6. Replaced under load: {tally.sent} requests, 0 failed ({versions}), p95 {tally.percentile(95)} ms")

    def drift(self) -> None:
        """The world changes: what drifted is told without a label, and the accuracy falls once labels come."""
        with self._step("drift"):
            self.world = Drifting(
                ci=self.ci,
                labels=Ci(self.stack.web_url, self.keys["labels"]),
                gateway=self.stack.gateway_url,
                key=self.keys["app"],
                deployment=DEPLOYMENT,
                cache=self._cache(),
            )
            self.world.policy(answer_without_drifted=False)
            self._renewing().forget()
            phases = {each: self.world.phase(each, seed) for seed, each in enumerate(EXPECTED, start=20)}
            self.seen["drift"] = {each.condition: each.as_dict() for each in phases.values()}
            for condition, phase in phases.items():
                named = ", ".join(phase.told) or "nothing"
                self.say(f"7. {condition}: drift of {named}; {phase.accuracy:.3f} right of {phase.labelled} labels")
            clean = phases[Condition.CLEAN].accuracy
            for condition, phase in phases.items():
                _hold(
                    set(phase.told) == EXPECTED[condition],
                    f"Under {condition} the drift run {phase.run} should name {sorted(EXPECTED[condition])}, and named "
                    f"{list(phase.told)}: {phase.verdicts}",
                )
                _hold(
                    phase.accuracy == phase.counted, f"The clients saw {phase.counted} right, Quartet {phase.accuracy}."
                )
                _hold(
                    condition is Condition.CLEAN or phase.accuracy < clean,
                    f"Under {condition} the accuracy stayed at {phase.accuracy}; it was {clean} before.",
                )

    def do_without(self) -> None:
        """By policy the deployment answers from the picture while the sound is drifted, and from both when it heals."""
        with self._step("do_without"):
            self.world.policy(answer_without_drifted=True)
            before = self.world.phase(Condition.NOISE, seed=30)
            self.world.wait_muted({"sound"})
            without = self.world.phase(Condition.NOISE, seed=30, judged=False)
            healed = self.world.phase(Condition.CLEAN, seed=31)
            self.world.wait_muted(set())
            told = {"noisy": before.accuracy, "without_sound": without.accuracy, "healed": healed.accuracy}
            self.seen["answer_without_drifted"] = told
            _hold(without.accuracy > before.accuracy, f"Answering without the drifted sound did not help: {told}")
            self.say(
                f"8. Noisy sound: {before.accuracy:.3f} right with it, {without.accuracy:.3f} once the sound was left "
                f"out by itself, {healed.accuracy:.3f} when it had healed and was heard again"
            )

    def renew(self) -> None:
        """The world changes for good, and the model follows (controlplane/demo/loop.py)."""
        with self._step("renew"):
            ben = partial(Reviewer, self.stack.web_url, "ben", self.people["ben"])
            self.seen["loop"] = {}
            clean = self.seen["drift"][Condition.CLEAN]["accuracy"]
            Loop(self.world, self._renewing(), ben, self.say, self.seen["loop"], clean).run()

    def _renewing(self) -> Renewing:
        return Renewing(self.ci, self.stack.environ, MODEL, DEPLOYMENT, folder=demo_folder(self.stack.home.path))

    def _one_answer(self, sample: HeldOutSample, senses: tuple[str, ...]) -> int:
        url = f"{self.stack.gateway_url}/v2/models/{DEPLOYMENT}/infer"
        headers = {"Authorization": f"Bearer {self.keys['app']}"}
        answer = httpx.post(url, json=body(sample, senses), headers=headers, timeout=35)
        _hold(answer.is_success, f"The gateway answered {answer.status_code}: {answer.text[:300]}")
        return digit(answer.json())

    def _cache(self) -> Path:
        return demo_folder(self.stack.home.path) / "cache"

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seen.setdefault("seconds", {})[name] = round(time.monotonic() - began, 1)


def demo_folder(home: Path) -> Path:
    """Where the demo keeps its trained models and its voices."""
    return home / "demo"


def _hold(held: bool, otherwise: str) -> None:
    if not held:
        raise OperatorError(otherwise)


def _until_ready(gateway: str, key: str, seconds: float = 30) -> None:
    """The gateway hears of a live revision a moment after the control plane has written it down."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if httpx.get(f"{gateway}/v2/models/{DEPLOYMENT}/ready", headers={"Authorization": f"Bearer {key}"}).is_success:
            return
        time.sleep(0.1)
    raise OperatorError(f"The gateway did not call {DEPLOYMENT} ready within {seconds:.0f} s.")


def _metric(url: str, name: str) -> float:
    """The sum of a metric over its labels."""
    text = httpx.get(url, timeout=10).raise_for_status().text
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))
