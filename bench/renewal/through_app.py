"""One round through the product: films are learned, tweets come, drift is found, what is labelled is learned from."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import install
from bench.artifacts import sentiment_artifact
from bench.errors import Unavailable
from bench.part import Figures
from bench.product import Product, product, until
from bench.renewal import figures
from bench.renewal.asked import Asked
from bench.renewal.sets import FILMS, MET, TWEETS, USUAL, Row, Sets, drawn
from workers.training.sentences import write

_NAME = "mood"
_TEXT = "text"  # the model's input, and what a drift run calls its modality
#: A candidate must be so much better on tweets, and may be so much worse on films.
GAIN, LOSS = 0.10, 0.03
_GATES = [
    {"slice": TWEETS, "must": "be_better", "by": GAIN},
    {"slice": FILMS, "must": "not_be_worse", "by": LOSS},
]
#: Said in the admin alone, where it is a person's.
_SET_GATES = (
    "from apps.registry.models import RegisteredModel as M; from apps.training.models import GatePolicy as G; "
    f"G.objects.create(model=M.objects.get(name={_NAME!r}), clauses={_GATES!r})"
)
_BATCH = 32
FIRST: dict[str, Any] = {"recipe": "lora", "parameters": {"steps": 100, "batch_size": _BATCH, "learning_rate": 1e-3}}
#: Of the retraining that begins by itself, and of those that are asked for on the same samples.
BY_ITSELF = "lora"
RECIPES: dict[str, dict[str, Any]] = {
    "lora": {"steps": 60, "batch_size": _BATCH, "learning_rate": 1e-3},
    "full": {"steps": 60, "batch_size": _BATCH, "learning_rate": 1e-4},
    "frozen-encoder": {"steps": 120, "batch_size": _BATCH, "learning_rate": 1e-2},
}
#: A small machine has no more free beside a replica.
_LIMIT = {"limit": {"memory_bytes": 3 << 30}}
#: Tweets from one drift run to the next.
_STEP = 20
_PATIENCE = 900.0
BEFORE, AFTER = "before retraining", "retrained"


def measure(seed: int) -> dict[str, Figures]:
    """Rows: the version that learned films alone, and one for each recipe. Raises Unavailable."""
    sets = drawn(install.sentences(), seed)
    with product() as running, TemporaryDirectory(prefix="quartet-bench-") as folder:
        return _Round(running, Path(folder), sets, seed).rows()


def row(recipe: str) -> str:
    """How the row of a recipe is called."""
    return f"{AFTER}: {recipe}"


@dataclass
class _Round:
    product: Product
    folder: Path
    sets: Sets
    seed: int

    def rows(self) -> dict[str, Figures]:
        """Everything, in its order."""
        version = self._learned_films()
        asked = Asked(self.product, _NAME, self.product.serve(_NAME, version, record={"rate": 1}))
        self._policies()
        found = self._drifted(asked)
        labelled = asked.label(self.sets.met)
        trigger = self._trigger()
        jobs = {BY_ITSELF: self._job(trigger["job"])}
        jobs |= {recipe: self._again(version, recipe, trigger) for recipe in RECIPES if recipe != BY_ITSELF}
        measured = {row(recipe): figures.after(jobs[recipe], labelled) for recipe in RECIPES}
        return {BEFORE: figures.before(jobs[BY_ITSELF]) | found} | measured

    def _learned_films(self) -> int:
        """The number of the version that a job made of the untrained one."""
        untrained = self.product.rest.register(_NAME, sentiment_artifact().directory)
        sets = {"dataset": self._frozen("films", self.sets.learned, FILMS)}
        sets["measured_on"] = self._frozen("films-checked", self.sets.checked, FILMS)
        job = self._asked_for({"parent": str(untrained)} | FIRST | sets)
        return int(str(job["result"]).rpartition("/")[2])

    def _policies(self) -> None:
        """What is looked at, what calls for retraining, and what a candidate must show."""
        tests = [
            self._frozen("films-held-out", self.sets.films, FILMS),
            self._frozen("tweets-held-out", self.sets.tweets, TWEETS),
        ]
        self.product.manage("shell", "-v0", "-c", _SET_GATES)
        self.product.rest.ask("PUT", f"deployments/{_NAME}/drift/policy", json={"window": USUAL, "every_minutes": None})
        asked = {"drift_groups": [_TEXT], "least_labels": MET // 2, "strategy": "blue_green"}
        asked |= {"base": ["films/1"], "measured_on": tests, "seed": self.seed} | _LIMIT
        asked |= {"recipe": BY_ITSELF, "parameters": RECIPES[BY_ITSELF]}
        self.product.rest.ask("PUT", f"training/policies/{_NAME}", json=asked)

    def _drifted(self, asked: Asked) -> Figures:
        """After how many tweets a run found something, and after how many it told of the text; all are asked."""
        asked.about(self.sets.usual)
        if "drifted" in (still := asked.looked_at(USUAL)).values():
            raise Unavailable(f"a run over films alone found drift: {still}")
        found = told = 0
        for begin in range(0, MET, _STEP):
            if told:
                asked.about(self.sets.met[begin:])
                break
            asked.about(self.sets.met[begin : begin + _STEP])
            groups = asked.looked_at(USUAL)
            found = found or (begin + _STEP) * ("drifted" in groups.values())
            told = (begin + _STEP) * (groups.get(_TEXT) == "drifted")
        if not told:
            raise Unavailable(f"no drift run told of the text within {MET} tweets")
        return {"found_after": float(found), "told_after": float(told)}

    def _trigger(self) -> dict[str, Any]:
        """The retraining that the drift called for, once it is over."""
        trigger: dict[str, Any] = {}

        def over() -> bool:
            rows = self.product.rest.ask("GET", "training/triggers", params={"deployment": _NAME})["results"]
            trigger.update(rows[0] if rows else {})
            return bool(trigger) and trigger["state"] not in ("pending", "training")

        until(over, "the retraining to begin by itself and end", _PATIENCE)
        if trigger["state"] != "requested" and trigger["code"] != "gate_refused":
            raise Unavailable(f"the retraining is {trigger['state']}: {trigger['reason']}")
        return trigger

    def _again(self, version: int, recipe: str, trigger: dict[str, Any]) -> dict[str, Any]:
        """Another recipe on the very samples that the retraining had."""
        sets = {"dataset": trigger["learned_from"], "measured_on": trigger["measured_on"]}
        told = {"recipe": recipe, "parameters": RECIPES[recipe], "seed": self.seed}
        return self._asked_for({"parent": str(version), "champion": str(version)} | told | sets)

    def _asked_for(self, asked: dict[str, Any]) -> dict[str, Any]:
        return self._job(self.product.rest.ask("POST", "training/jobs", json={"model": _NAME} | asked | _LIMIT)["id"])

    def _job(self, job: str) -> dict[str, Any]:
        """Once it has ended."""
        end = time.monotonic() + _PATIENCE
        while True:
            told = self.product.rest.ask("GET", f"training/jobs/{job}", params={"wait": 30})
            if told["ended_at"]:
                break
            if time.monotonic() > end:
                raise Unavailable(f"job {job} ({told['recipe']}) was {told['state']} still after {_PATIENCE:.0f} s")
        if told["state"] != "done":
            raise Unavailable(f"job {job} ({told['recipe']}) is {told['state']}: {told['reason']}")
        return told

    def _frozen(self, name: str, rows: Iterable[Row], domain: str) -> str:
        """The dataset version, as `name/1`."""
        directory = self.folder / name
        directory.mkdir()
        write(directory, iter(rows), domain)
        return self.product.manage("import_dataset", str(directory), "--name", name, "--actor", "ada").split()[0]
