"""The loop: broken off and resumed anywhere, it ends with the very weights of one that was not."""

import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.training_jobs.texts import write_classifier
from workers.training.checkpoints import Checkpoints
from workers.training.families.texts import Texts
from workers.training.loop import Diverged, Plan, Training
from workers.training.place import DeviceMissing, Place, place
from workers.training.recipes import RECIPES
from workers.training.samples import Samples, SamplesUnfit, TrainingSample
from workers.training.work import Stopped, learn

PLAN = Plan(steps=12, peak_learning_rate=1e-2, batch_size=4)


class Silent:
    """Nobody listens; after so many points it is told to stop."""

    def __init__(self, stop_after: int = 10**6) -> None:
        self.stop = threading.Event()
        self.points: list[tuple[int, float]] = []
        self._stop_after = stop_after

    def phase(self, name: str) -> None:
        pass

    def began(self, step: int) -> None:
        pass

    def kept(self, step: int) -> None:
        pass

    def is_due(self, step: int) -> bool:
        return True

    def point(self, step: int, loss: float) -> None:
        self.points.append((step, loss))
        if len(self.points) >= self._stop_after:
            self.stop.set()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return write_classifier(tmp_path_factory.mktemp("classifier"))


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    return {"inputs": [{"name": "text", "modality": "text"}]}


def samples(directory: Path, *texts: tuple[str, str]) -> Samples:
    rows = []
    for number, (text, label) in enumerate(texts):
        name = f"{number:02d}"
        (directory / name).mkdir(exist_ok=True)
        (directory / name / name).write_text(text)
        rows.append(TrainingSample({"text": name}, label))
    return Samples(rows, directory)


@pytest.fixture
def moods(tmp_path: Path) -> Samples:
    texts = [("a good film", "positive"), ("a bad day", "negative"), ("fine", "positive"), ("a poor film", "negative")]
    return samples(tmp_path, *texts)


def trained(
    directory: Path, manifest: dict[str, Any], moods: Samples, kept: Path, recipe: str, report: Silent, seed: int = 3
) -> dict[str, torch.Tensor] | None:
    """The weights after an attempt, or None where it was stopped."""
    torch.manual_seed(seed)
    family, how = Texts(directory, manifest), RECIPES[recipe]()
    model = family.load()
    examples = family.examples(moods)
    prepared = how.prepare(model, family, {"rank": 2})
    training = Training(prepared, PLAN, seed)
    try:
        learn(training, examples, Checkpoints(kept, "same"), 4, report, report.stop)  # type: ignore[arg-type]
    except Stopped:
        return None
    return how.finish(prepared).state_dict()


@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_the_weights_are_those_of_an_uninterrupted_run(
    directory: Path, manifest: dict[str, Any], moods: Samples, tmp_path: Path, recipe: str
) -> None:
    whole = trained(directory, manifest, moods, tmp_path / "whole", recipe, Silent())
    attempts = 0
    while (resumed := trained(directory, manifest, moods, tmp_path / "parts", recipe, Silent(stop_after=5))) is None:
        attempts += 1
    assert attempts == 2
    assert whole is not None and whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_killed_between_two_checkpoints_the_same_steps_come_again(
    directory: Path, manifest: dict[str, Any], moods: Samples, tmp_path: Path
) -> None:
    class Killed(Silent):
        def point(self, step: int, loss: float) -> None:
            super().point(step, loss)
            if step == 7:
                raise KeyboardInterrupt

    first, second, whole = Killed(), Silent(), Silent()
    with pytest.raises(KeyboardInterrupt):
        trained(directory, manifest, moods, tmp_path / "parts", "full", first)
    trained(directory, manifest, moods, tmp_path / "parts", "full", second)
    trained(directory, manifest, moods, tmp_path / "whole", "full", whole)
    assert [step for step, _ in second.points] == list(range(5, 13))
    assert sorted(set(first.points + second.points)) == whole.points


def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    directory: Path, manifest: dict[str, Any], moods: Samples, tmp_path: Path
) -> None:
    whole = trained(directory, manifest, moods, tmp_path / "kept", "full", Silent())
    newest = max((tmp_path / "kept").glob("*.pt"))
    newest.write_bytes(newest.read_bytes()[:1000])
    report = Silent()
    resumed = trained(directory, manifest, moods, tmp_path / "kept", "full", report)
    assert [step for step, _ in report.points] == [9, 10, 11, 12]
    assert whole is not None and resumed is not None
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_checkpoints_of_another_job_are_passed_over(tmp_path: Path) -> None:
    Checkpoints(tmp_path, "one").write({"step": 1})
    assert Checkpoints(tmp_path, "one").newest() == {"step": 1}
    assert Checkpoints(tmp_path, "other").newest() is None


def test_only_the_newest_two_checkpoints_are_kept(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "one")
    for step in range(1, 5):
        kept.write({"step": step})
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["step-000000003.pt", "step-000000004.pt"]


def test_another_seed_gives_other_weights(
    directory: Path, manifest: dict[str, Any], moods: Samples, tmp_path: Path
) -> None:
    one = trained(directory, manifest, moods, tmp_path / "one", "full", Silent(), seed=1)
    two = trained(directory, manifest, moods, tmp_path / "two", "full", Silent(), seed=2)
    assert one is not None and two is not None
    assert any(not torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("recipe", ["frozen-encoder", "lora"])
def test_a_lighter_recipe_leaves_the_embeddings_and_moves_the_head(
    directory: Path, manifest: dict[str, Any], moods: Samples, tmp_path: Path, recipe: str
) -> None:
    before = Texts(directory, manifest).load().state_dict()
    after = trained(directory, manifest, moods, tmp_path / "kept", recipe, Silent())
    assert after is not None and after.keys() == before.keys()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert {"classifier.weight", "classifier.bias"} <= moved
    inside = moved - {"classifier.weight", "classifier.bias"}
    assert all("attention.self" in name for name in inside)
    assert bool(inside) == (recipe == "lora")


def test_a_loss_that_is_no_number_ends_it_and_is_never_kept(
    directory: Path, manifest: dict[str, Any], moods: Samples, tmp_path: Path
) -> None:
    family = Texts(directory, manifest)
    model = family.load()
    examples = family.examples(moods)
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    kept = Checkpoints(tmp_path / "kept", "same")
    with pytest.raises(Diverged, match="The loss was nan at step 1"):
        learn(Training(model, PLAN, 0), examples, kept, 4, Silent(), threading.Event())  # type: ignore[arg-type]
    assert kept.newest() is None


def test_a_label_that_the_model_lacks_is_told(directory: Path, manifest: dict[str, Any], tmp_path: Path) -> None:
    family = Texts(directory, manifest)
    family.load()
    with pytest.raises(SamplesUnfit, match="'mixed' is none of the model's: it knows negative, positive"):
        family.examples(samples(tmp_path, ("a good bad film", "mixed")))


def test_cuda_is_taken_where_there_is_one_with_bfloat16_where_it_knows_it() -> None:
    yes, no = (lambda: True), (lambda: False)
    assert place("auto", yes, yes) == Place("cuda:0", half=True)
    assert place("auto", yes, no) == Place("cuda:0")
    assert place("auto", no, yes) == place("cpu", yes, yes) == Place("cpu")
    with pytest.raises(DeviceMissing, match="this node shows none"):
        place("cuda", no, no)


def test_on_the_processor_the_forward_pass_stays_in_float32() -> None:
    with Place("cpu").forward():
        assert nn.Linear(2, 2)(torch.ones(1, 2)).dtype == torch.float32
