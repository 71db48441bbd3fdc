"""Ninth step: everything drifts at once, and the loop closes by itself but for the reviewer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from controlplane.demo.drifting import Drifting, Phase
from controlplane.demo.labelling import Labelling
from controlplane.demo.renewing import GATES, Renewing
from controlplane.demo.reviewer import Reviewer
from controlplane.demo.sets import slice_of
from controlplane.demo.traffic import Tally, Traffic
from controlplane.embedded.errors import OperatorError
from workers.training.digits_av.conditions import Condition, under

#: Requests a second while the rollout is judged.
_RATE = 40.0


@dataclass
class Loop:
    """`seen` is what each part of the step measured; `clean` the share that was right before the world changed."""

    world: Drifting
    renewing: Renewing
    reviewer: Callable[[], Reviewer]
    say: Callable[[str], None]
    seen: dict[str, Any]
    clean: float

    def run(self) -> None:
        """Drift, training, gates, approval, rollout, and the accuracy before and after."""
        self._prepare()
        before = self.renewing.newest().get("id", 0)
        with Labelling(self.world.labels) as labelling, self._traffic(labelling) as traffic:
            drifted = self._drifted()
            trigger = self._trained(before)
            self._let_in(trigger)
            tally = traffic.stop()
        self._nothing_lost(tally, labelling)
        self._recovered(drifted)

    def _prepare(self) -> None:
        self.renewing.declare()
        with self.reviewer() as ben:
            ben.gates_set(self.renewing.model, GATES)
        self.world.policy(answer_without_drifted=False)
        self.renewing.policy()

    def _traffic(self, labelling: Labelling) -> Traffic:
        samples = list(under(Condition.ALL, 240, 50, cache_directory=self.world.cache))
        url, key = self.world.gateway, self.world.key
        return Traffic(url, key, samples, rate=_RATE, answered=labelling.add)

    def _drifted(self) -> Phase:
        phase = self.world.phase(Condition.ALL, seed=40)
        named = " and ".join(phase.told) or "nothing"
        self.seen["drifted"] = phase.as_dict()
        self.say(f"9. Noise, blur and new voices at once: drift of {named}; {phase.accuracy:.3f} right")
        _hold(set(phase.told) == {"image", "audio"}, f"Both senses have drifted, and the run named {phase.told}.")
        return phase

    def _trained(self, before: int) -> dict[str, Any]:
        trigger = self.renewing.trained(before)
        job = self.world.ci.ask("GET", f"training/jobs/{trigger['job']}")
        evaluation = self.world.ci.ask("GET", f"training/evaluations/{trigger['evaluation']}")
        _hold(evaluation["passed"], "A rollout was asked for of a candidate that its gates refused.")
        slices = {row["slice"]: (row["champion"], row["candidate"]) for row in evaluation["figures"]}
        measured = {name: [round(share, 3) for share in slices[name]] for name in map(slice_of, Condition)}
        self.seen |= {"trigger": trigger["id"], "job": job["id"], "evaluation": measured}
        self.seen["training_s"] = round(job["seconds"], 1)
        shown = "; ".join(f"{name} {old:.3f} → {new:.3f}" for name, (old, new) in measured.items())
        self.say(f"   Retraining began by itself and took {job['seconds']:.0f} s; the gates passed: {shown}")
        return trigger

    def _let_in(self, trigger: dict[str, Any]) -> None:
        name = self.renewing.deployment
        revision = self.world.ci.ask("GET", f"deployments/{name}/revisions/{trigger['revision']}")
        with self.reviewer() as ben:
            request = ben.approve(revision["digest"], "Better where the world has changed")
        rollout = self.renewing.let_in(revision["number"])
        self.seen["approval"] = request["id"]
        self.seen["rollout"] = {"id": rollout["id"], "state": rollout["state"], "reason": rollout["reason"]}
        live = self.world.ci.ask("GET", f"deployments/{name}")["live_revision"]
        _hold(
            rollout["state"] == "keeping" and live == revision["number"],
            f"Rollout {rollout['id']} is {rollout['state']}: {rollout['pause_reason'] or rollout['reason']}",
        )
        steps = " and ".join(f"{step} %" for step in rollout["steps"])
        self.say(f"   Ben approved revision {revision['number']} in the admin; it passed its steps of {steps}")

    def _nothing_lost(self, tally: Tally, labelling: Labelling) -> None:
        self.seen |= {"requests": tally.sent, "failed": len(tally.failures)}
        _hold(not tally.failures, f"{len(tally.failures)} of {tally.sent} requests failed: {tally.failures[:1]}")
        _hold(not labelling.refused, f"{len(labelling.refused)} labels were refused: {labelling.refused[:1]}")
        self.say(f"   {tally.sent} requests meanwhile, 0 failed")

    def _recovered(self, drifted: Phase) -> None:
        after = self.world.phase(Condition.ALL, seed=41, judged=False)
        clean = self.world.phase(Condition.CLEAN, seed=42, judged=False)
        self.seen |= {"recovered": after.accuracy, "clean_before": self.clean, "clean": clean.accuracy}
        then = f"clean {self.clean:.3f} before, {clean.accuracy:.3f} now"
        self.say(f"   {drifted.accuracy:.3f} right before, {after.accuracy:.3f} now; {then}")
        _hold(after.accuracy > drifted.accuracy + 0.1, f"Retraining helped too little: {self.seen}")
        _hold(clean.accuracy > 0.9, f"Too much of what was known is forgotten: {self.seen}")


def _hold(held: bool, otherwise: str) -> None:
    if not held:
        raise OperatorError(otherwise)
