"""A version's page tells how it was measured: each time, passed or refused, on what and by which job."""

from pathlib import Path

import pytest

from apps.registry.models import ModelVersion
from apps.training.models import Evaluation
from apps.training.services import job_request
from tests.console.conftest import signed_in
from tests.retraining.loop import Loop
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def loop(world: World, home: Path) -> Loop:
    return Loop(world)


def measured(loop: Loop, name: str, *, wrong: int = 0) -> ModelVersion:
    """The same candidate each time, on a dataset of its own."""
    about = {"parent": loop.version, "champion": loop.version, "dataset": loop.base}
    job, _ = job_request(actor=loop.world.ada, recipe="full", measured_on=loop.frozen(name, 40), **about)
    candidate = loop.end(job, wrong=wrong)
    assert candidate is not None
    return candidate


def panel(loop: Loop, version: ModelVersion) -> str:
    html = signed_in(loop.world.cy).get(f"/models/{version.model.name}/versions/{version.number}/").content.decode()
    return " ".join(html.partition('data-part="evaluations"')[2].partition("</section>")[0].split())


def test_each_evaluation_is_there_with_its_dataset_its_gates_and_its_job(loop: Loop) -> None:
    measured(loop, "hard", wrong=10)
    candidate = measured(loop, "easy")
    newest, refused = Evaluation.objects.order_by("-pk")
    rows = panel(loop, candidate).split("<tr>")[2:]
    for row, evaluation, dataset, gates in zip(
        rows, (newest, refused), ("easy/1", "hard/1"), ("gates passed", "refused by a gate"), strict=True
    ):
        assert dataset in row and gates in row and f'href="/training/{evaluation.job_id}/"' in row
    assert "10 lost" in rows[1] and "10 lost" not in rows[0]


def test_one_that_was_never_measured_says_so(loop: Loop) -> None:
    assert "It was the candidate of no evaluation." in panel(loop, loop.version)


def test_evaluations_that_it_was_the_champion_of_are_not_its_own(loop: Loop) -> None:
    measured(loop, "easy")
    assert "It was the candidate of no evaluation." in panel(loop, loop.version)


def test_of_many_the_newest_are_there_and_the_rest_are_counted(loop: Loop) -> None:
    for number in range(11):
        candidate = measured(loop, f"exam-{number}")
    shown = panel(loop, candidate)
    assert "the newest 10 of 11" in shown and "exam-10/1" in shown and "exam-0/1" not in shown
