"""The world changes under a deployment that nobody touched: what is told of it without a label, and what labels say."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from controlplane.demo.rest import Ci
from controlplane.demo.traffic import SENSES, body, digit
from controlplane.embedded.errors import OperatorError
from workers.training.digits_av.conditions import Condition, under
from workers.training.digits_av.held_out import HeldOutSample

#: Requests of each phase, by so many clients at once: enough for every test to find what it should.
_COUNT, _CLIENTS = 360, 4
#: Seconds for records, descriptions and labels to arrive, and for a run.
_PATIENCE = 60.0
#: What has to be told of each condition.
EXPECTED = {
    Condition.CLEAN: frozenset[str](),
    Condition.BLUR: frozenset({"image"}),
    Condition.NOISE: frozenset({"audio"}),
    Condition.VOICES: frozenset({"audio"}),
}
MODALITIES = ("image", "audio")


class Answered(NamedTuple):
    """One answer: the prediction's id, what was said and what is true."""

    prediction: str
    said: int
    truth: int


@dataclass
class Phase:
    """What came of one phase. `told` are the modalities that a run called drifted; accuracies are shares, as the
    control plane counted them and as the clients did."""

    condition: str
    told: tuple[str, ...] = ()
    verdicts: dict[str, str] = field(default_factory=dict)
    accuracy: float = 0.0
    counted: float = 0.0
    labelled: int = 0
    run: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For the demo's JSON line."""
        return {"drifted": list(self.told), "accuracy": self.accuracy, "labelled": self.labelled, "run": self.run}


#: Runs on demand alone, so that each is about one phase. The level is far below the usual one: reference and traffic
#: are 300 pictures each, shown again and again, which a test takes for more than they are.
RUNS = {"every_minutes": None, "every_predictions": None, "level": 1e-4}


@dataclass
class Drifting:
    """Asks a deployment under one condition after the other, and the control plane what it makes of it."""

    ci: Ci
    labels: Ci
    gateway: str
    key: str
    deployment: str
    cache: Path

    def policy(self, **fields: Any) -> None:
        """The drift policy: RUNS, and what else is given."""
        self.ci.ask("PUT", f"deployments/{self.deployment}/drift/policy", json={**RUNS, **fields})

    def phase(self, condition: Condition, seed: int, *, judged: bool = True) -> Phase:
        """Ask under a condition, have it judged without a label, then give every label and see the accuracy."""
        found = Phase(condition.value)
        began = datetime.now(UTC)
        answers = self._ask(list(under(condition, _COUNT, seed, cache_directory=self.cache)))
        ended = datetime.now(UTC)
        self._recorded([each.prediction for each in answers])
        if judged:
            self._judge(found, began, ended)
        before = self._counts()
        self._label(answers)
        after = self._counted(before, len(answers))
        found.labelled = after["labelled"] - before["labelled"]
        found.accuracy = round((after["right"] - before["right"]) / found.labelled, 3)
        found.counted = round(sum(each.said == each.truth for each in answers) / len(answers), 3)
        return found

    def wait_muted(self, inputs: set[str]) -> None:
        """Until exactly these inputs are left out, in the routing too."""
        self._until(lambda: self._muted() == inputs, f"the inputs {sorted(inputs)} to be muted")
        sample = next(iter(under(Condition.CLEAN, 1, 0, cache_directory=self.cache)))
        self._until(lambda: self._said_muted(sample) == inputs, "the gateway to follow")

    def _muted(self) -> set[str]:
        told = self.ci.ask("GET", f"deployments/{self.deployment}")["muted_inputs"]
        return {each["input"] for each in told}

    def _said_muted(self, sample: HeldOutSample) -> set[str]:
        headers = {"Authorization": f"Bearer {self.key}"}
        url = f"{self.gateway}/v2/models/{self.deployment}/infer"
        answer = httpx.post(url, json=body(sample, SENSES[0]), headers=headers, timeout=35)
        return set(filter(None, answer.headers.get("x-quartet-muted", "").split(",")))

    def _ask(self, samples: Sequence[HeldOutSample]) -> list[Answered]:
        """Every sample once, a few at a time; with both senses and either alone in turn, as the model was measured."""
        headers = {"Authorization": f"Bearer {self.key}"}
        url = f"{self.gateway}/v2/models/{self.deployment}/infer"
        with httpx.Client(headers=headers, timeout=35) as http, ThreadPoolExecutor(_CLIENTS) as clients:
            posted = clients.map(
                lambda each: http.post(url, json=body(*each)), zip(samples, cycle(SENSES), strict=False)
            )
            return [_answered(answer, sample) for answer, sample in zip(posted, samples, strict=True)]

    def _recorded(self, predictions: Sequence[str]) -> None:
        """Wait until the last of them are in the database, with their inputs."""
        last = predictions[-2 * _CLIENTS :]
        self._until(lambda: all(map(self._has_inputs, last)), "the predictions to be recorded")

    def _has_inputs(self, prediction: str) -> bool:
        answer = self.ci.find(f"predictions/{prediction}")
        return answer is not None and len(answer["kept"]) == len(answer["inputs"])

    def _judge(self, found: Phase, after: datetime, before: datetime) -> None:
        """One run over the phase; one that met inputs not described yet is asked for again."""
        until = time.monotonic() + _PATIENCE
        while True:
            run = self._run(after, before)
            if run["kept"] >= _COUNT or time.monotonic() > until:
                break
            time.sleep(0.5)
        found.run = run["id"]
        found.verdicts = {group["name"]: group["state"] for group in run["groups"]}
        found.told = tuple(name for name in MODALITIES if found.verdicts.get(name) == "drifted")

    def _run(self, after: datetime, before: datetime) -> dict[str, Any]:
        window = {"after": after.isoformat(), "before": before.isoformat()}
        asked = self.ci.ask("POST", f"deployments/{self.deployment}/drift/runs", json=window)
        state: dict[str, Any] = {}

        def ended() -> bool:
            state.update(self.ci.ask("GET", f"drift/runs/{asked['id']}"))
            return state["state"] in ("done", "failed")

        self._until(ended, "the drift run to end")
        if state["state"] == "failed":
            raise OperatorError(f"Drift run {state['id']} failed: {state['problem']}")
        return state

    def _label(self, answers: Sequence[Answered]) -> None:
        rows = [{"prediction": each.prediction, "truth": each.truth} for each in answers]
        told = self.labels.ask("POST", "feedback", json={"rows": rows})
        refused = [row for row in told["rows"] if row["status"] == "refused"]
        if refused:
            raise OperatorError(f"{len(refused)} of {len(rows)} labels were refused, first: {refused[0]}")

    def _counts(self) -> dict[str, int]:
        told = self.ci.ask("GET", f"deployments/{self.deployment}/accuracy", params={"window": "1h"})
        return {name: int(told[name]) for name in ("labelled", "right")}

    def _counted(self, before: dict[str, int], labels: int) -> dict[str, int]:
        counts: dict[str, int] = {}

        def all_there() -> bool:
            counts.update(self._counts())
            return counts["labelled"] - before["labelled"] >= labels

        self._until(all_there, "the labels to be counted")
        return counts

    def _until(self, held: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _PATIENCE
        while not held():
            if time.monotonic() > end:
                raise OperatorError(f"Waited {_PATIENCE:.0f} s in vain for {what}.")
            time.sleep(0.2)


def _answered(answer: httpx.Response, sample: HeldOutSample) -> Answered:
    if answer.is_error:
        raise OperatorError(f"The gateway answered {answer.status_code}: {answer.text[:300]}")
    return Answered(answer.headers["x-quartet-prediction"], digit(answer.json()), sample.digit)
