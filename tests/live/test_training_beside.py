"""A training job beside a deployment: it stands back, and everybody who asks the deployment is answered.

What it costs them in time is a benchmark's to say (`make bench`, the part `training`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from controlplane.demo.rest import Ci
from tests.live.product import Product, nothing_failed
from tests.training_jobs.texts import write_classifier
from workers.node import REPLICA_SLOTS

#: More steps than a test waits for, with a checkpoint every few.
_JOB = {"recipe": "full", "parameters": {"steps": 100_000, "batch_size": 32, "checkpoint_every": 20}}
_TRAINED = 40  # steps that must come meanwhile, with checkpoints
_WORKED = 1.0  # seconds of processor time over which it is seen which thread computes


@dataclass
class Job:
    """One that trains, and its child process."""

    ci: Ci
    id: str
    child: psutil.Process

    def now(self) -> dict[str, Any]:
        """As REST tells it."""
        return self.ci.ask("GET", f"training/jobs/{self.id}")


@pytest.fixture(scope="module")
def job(product: Product, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """It runs until the last of these tests is done, and is then cancelled."""
    key = product.manage("key_create", "ada", "trainer", "--scopes", "read,models:write,training:write").split()[-1]
    ci = Ci(product.stack.web_url, key)
    folder = tmp_path_factory.mktemp("training")
    ci.model_ensure("moods", "learns beside a deployment")
    ci.version_register("moods", write_classifier(folder / "moods"), {}, None)
    product.manage("import_dataset", str(_samples(folder / "samples")), "--name", "moods", "--actor", "ada")
    asked = ci.ask("POST", "training/jobs", json={"model": "moods", "parent": "1", "dataset": "moods/1", **_JOB})
    found: list[psutil.Process] = []

    def trains() -> bool:
        found[:] = [each for each in psutil.process_iter() if asked["id"] in _title(each)]
        return bool(found) and ci.ask("GET", f"training/jobs/{asked['id']}")["kept_step"] > 0

    product.until(trains, "the job to keep a checkpoint", 120)
    running = Job(ci, asked["id"], found[0])
    yield running
    ci.ask("POST", f"training/jobs/{running.id}/cancel")
    product.until(lambda: running.now()["state"] == "cancelled", "the job to be cancelled", 60)
    ci.close()


def _samples(directory: Path) -> Path:
    directory.mkdir()
    rows = [
        {"inputs": {"text": {"text": f"a {word} film {number}"}}, "label": label}
        for number in range(40)
        for word, label in (("good", "positive"), ("bad", "negative"))
    ]
    (directory / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return directory


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def test_every_request_is_answered_while_it_trains(product: Product, job: Job) -> None:
    begun = job.now()["step"]
    with product.traffic() as traffic:
        product.until(lambda: job.now()["step"] >= begun + _TRAINED, "the job to go on meanwhile", 120)
        assert job.now()["kept_step"] > begun, "no checkpoint was written beside the traffic"
        tally = traffic.stop()
    nothing_failed(tally)
    assert job.now()["state"] == "running"


def test_the_system_gives_it_what_serving_leaves(job: Job) -> None:
    replicas = [each for each in psutil.process_iter() if _title(each).startswith("quartet: replica")]
    assert replicas
    assert job.child.nice() > max(each.nice() for each in replicas)
    assert job.child.ionice().ioclass == psutil.IOPRIO_CLASS_IDLE
    assert _oom_score(job.child) > max(_oom_score(each) for each in replicas)


def test_one_thread_computes_as_one_was_asked_for(product: Product, job: Job) -> None:
    before = _threads(job.child)

    def worked() -> dict[int, float]:
        return {id_: used - before.get(id_, 0.0) for id_, used in _threads(job.child).items()}

    product.until(lambda: sum(worked().values()) >= _WORKED, "the child to compute", 60)
    used = worked()
    assert used[job.child.pid] > 0.8 * sum(used.values()), used


def test_it_takes_no_slot_of_a_replica(product: Product, job: Job) -> None:
    [node] = product.ci.ask("GET", "nodes")["results"]
    assert node["slots"] == REPLICA_SLOTS
    product.deploy(7, replicas=3)
    product.until(lambda: len(product.replicas("ready")) == 3, "a third replica beside the job", 60)
    assert job.now()["state"] == "running"
    product.deploy(7, replicas=2)


def _threads(process: psutil.Process) -> dict[int, float]:
    return {each.id: each.user_time for each in process.threads()}


def _oom_score(process: psutil.Process) -> int:
    return int(Path(f"/proc/{process.pid}/oom_score_adj").read_text())
