"""The loop closes: drift that a run found starts a retraining, and what comes of it is let in by degrees."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controlplane.demo.rest import Ci
from controlplane.demo.sets import old_write, test_write
from controlplane.embedded.errors import OperatorError
from controlplane.embedded.stack import ROOT

OLD, TEST = "digits-old", "digits-test"
#: A candidate must be better at what has changed, and may lose a little at what has not.
GATES = [
    {"slice": "all", "must": "be_better", "by": 0.05},
    {"slice": "clean", "must": "not_be_worse", "by": 0.04},
]
#: As quick as can be shown. Times of a busy machine at home say little.
_CANARY = {"steps": [25, 50], "interval_s": 6, "samples": 60, "patience_s": 120, "slower": 0.3}
_RECIPE = {"recipe": "full", "parameters": {"steps": 300, "learning_rate": 0.002}, "seed": 1}
#: Seconds for a training, and for all steps of a rollout.
_TRAINING_S, _ROLLOUT_S = 180.0, 180.0


def policy_asked(base: str, measured_on: str) -> dict[str, Any]:
    """The retraining policy: drift of any group, as soon as four hundred of what was met are labelled. docs/the-loop.md
    shows it."""
    return {
        "base": [base],
        "measured_on": [measured_on],
        "least_labels": 400,
        "cooldown_s": 0,
        **_RECIPE,
        "strategy": "canary",
        "canary": _CANARY,
    }


@dataclass
class Renewing:
    """Asks the control plane how far the loop is; the loop itself needs nobody but a reviewer."""

    ci: Ci
    environ: Mapping[str, str]
    model: str
    deployment: str
    folder: Path
    imported: dict[str, str] = field(default_factory=dict)

    def declare(self) -> None:
        """Freeze what is learned from besides what is met, and what is measured with; the same are frozen once."""
        for name, write in ((OLD, old_write), (TEST, test_write)):
            directory = self.folder / name
            if not (directory / "samples.jsonl").exists():
                write(directory, self.folder / "cache")
            self.imported[name] = self._import(name, directory)

    def forget(self) -> None:
        """Take away the policy of an earlier start: what drifts until this step calls for nothing."""
        self.ci.status("DELETE", f"training/policies/{self.deployment}")

    def policy(self) -> None:
        """Set it."""
        asked = policy_asked(self.imported[OLD], self.imported[TEST])
        self.ci.ask("PUT", f"training/policies/{self.deployment}", json=asked)

    def trained(self, after: int) -> dict[str, Any]:
        """The newest trigger since `after`, once it is over: asked for a rollout, or why not."""
        trigger: dict[str, Any] = {}

        def over() -> bool:
            trigger.update(self.newest())
            return trigger.get("id", 0) > after and trigger["state"] not in ("pending", "training")

        self._until(over, "a retraining to begin by itself and end", _TRAINING_S)
        if trigger["state"] != "requested":
            raise OperatorError(f"Retraining came to '{trigger['state']}': {trigger['reason']}")
        return trigger

    def newest(self) -> dict[str, Any]:
        """The deployment's newest trigger, or an empty dict."""
        found = self.ci.ask("GET", "training/triggers", params={"deployment": self.deployment})["results"]
        return dict(found[0]) if found else {}

    def let_in(self, revision: int) -> dict[str, Any]:
        """The rollout of the revision, once it is settled or waits for a person."""
        rollout = self._rollout(revision)
        until = time.monotonic() + _ROLLOUT_S
        while time.monotonic() < until:
            rollout = self.ci.ask("GET", f"rollouts/{rollout['id']}", params={"wait": 20})
            if rollout["settled"] or rollout["paused_at"]:
                return rollout
        raise OperatorError(f"Rollout {rollout['id']} was not over within {_ROLLOUT_S:.0f} s: {rollout['reason']}")

    def _rollout(self, revision: int) -> dict[str, Any]:
        found: list[dict[str, Any]] = []

        def begun() -> bool:
            rows = self.ci.ask("GET", "rollouts", params={"deployment": self.deployment})["results"]
            found[:] = [row for row in rows if row["to_revision"] == revision]
            return bool(found)

        self._until(begun, f"the rollout of revision {revision} to begin", 60)
        return found[0]

    def _import(self, name: str, directory: Path) -> str:
        command = [sys.executable, str(ROOT / "manage.py"), "import_dataset", str(directory)]
        command += ["--name", name, "--actor", "ada"]
        done = subprocess.run(command, env=dict(self.environ), capture_output=True, text=True)
        if done.returncode != 0:
            raise OperatorError(f"Freezing {name} failed:\n{done.stderr[-2000:]}")
        return done.stdout.split()[0]

    def _until(self, held: Callable[[], bool], what: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not held():
            if time.monotonic() > end:
                raise OperatorError(f"Waited {seconds:.0f} s in vain for {what}.")
            time.sleep(0.3)
