"""A host ends its child, and says in words why a job ended, whatever the child does."""

from pathlib import Path

import pytest
from django.db import transaction

from apps.core.ids import new_id
from apps.datasets.models import Asset
from apps.datasets.services import samples_erase, version_freeze
from apps.datasets.store import remove
from apps.training.models import TrainingJob
from apps.training.services import job_cancel
from tests.datasets.samples import sample
from tests.training_jobs.hosting import PATIENT, Hosting, spoken
from tests.training_jobs.makers import requested, running
from tests.workers.hosting import Outage, runs
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

_DEAF = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('pid', os.getpid(), file=sys.stderr)
progress(1)
time.sleep(600)
"""
_ASKED_TO_GO_ON = """
progress(1)
while not (directory / 'go').exists():
    time.sleep(.05)
progress(2)
told.get()
say('stopped')
"""


@pytest.fixture
def hosting(world: World, home: Path) -> Hosting:
    return Hosting(requested(world))


def test_progress_loss_and_log_are_there_while_it_runs(hosting: Hosting, world: World) -> None:
    command = spoken("print('loading', file=sys.stderr)\nprogress(1)\nprogress(2, kept=2)\ntold.get()\nsay('stopped')")
    hosting.start(command).until(lambda job: job.step == 2 and "loading" in job.log_tail)
    job = hosting.now()
    assert (job.state, job.phase, job.loss, job.kept_step, job.device_used) == ("running", "train", 0.5, 2, "cpu")
    assert job.memory_bytes > 0 and job.seconds > 0
    assert list(job.points.values_list("step", flat=True)) == [1, 2]
    job_cancel(actor=world.ada, job=job)
    assert hosting.ends().state == "cancelled"


def test_its_samples_lie_in_its_directory_and_go_with_it(hosting: Hosting, world: World) -> None:
    hosting.start(PATIENT).until(lambda job: job.step == 1)
    directory = hosting.job.directory
    assert len([path for path in (directory / "files").rglob("*") if path.is_file()]) == 4
    job_cancel(actor=world.ada, job=hosting.job)
    hosting.ends()
    assert not directory.exists()


def test_a_cancelled_child_is_told_to_stop_and_one_that_is_deaf_is_killed(hosting: Hosting, world: World) -> None:
    hosting.start(spoken(_DEAF)).until(lambda job: job.step == 1 and "pid" in job.log_tail)
    pid = int(hosting.job.log_tail.split()[1])
    job_cancel(actor=world.ada, job=hosting.job)
    job = hosting.ends()
    assert (job.state, job.reason) == ("cancelled", "ada cancelled it.")
    assert not runs(pid)


def test_a_killed_child_lets_the_job_go_with_how_it_ended(hosting: Hosting) -> None:
    job = hosting.runs(spoken("progress(1, kept=1)\ntime.sleep(.5)\nos.kill(os.getpid(), signal.SIGKILL)"))
    assert (job.state, job.code, job.kept_step) == ("waiting", "process_ended", 1)
    assert "was ended by SIGKILL" in job.reason
    assert job.directory.exists()


@pytest.mark.parametrize("code", ["diverged", "disk_full", "out_of_memory", "recipe_failed", "dataset_unfit"])
def test_what_the_child_says_is_wrong_fails_the_job_in_its_words(hosting: Hosting, code: str) -> None:
    job = hosting.runs(spoken(f"say('failed', code={code!r}, message='So it was.', path='')"))
    assert (job.state, job.code, job.reason) == ("failed", code, "So it was.")


def test_its_time_its_memory_and_its_disk_are_limited(world: World, home: Path) -> None:
    ways = {
        "time_limit": ({"seconds": 1}, "told.get(timeout=60)", "1 s are its limit"),
        "memory_limit": (
            {"memory_bytes": 64 * 2**20},
            "x = bytearray(128 * 2**20)\ntold.get(timeout=60)",
            "64 MiB are its limit",
        ),
        "disk_limit": (
            {"disk_bytes": 2**20},
            "(directory / 'large').write_bytes(bytes(3 * 2**20))\ntold.get(timeout=60)",
            "1 MiB are its limit",
        ),
    }
    first = requested(world)
    for seed, (code, (limit, does, words)) in enumerate(ways.items(), start=1):
        job = requested(world, first.parent, seed=seed, limit=limit)
        job = Hosting(job).runs(spoken(f"progress(1)\n{does}"))
        assert (job.state, job.code) == ("failed", code)
        assert words in job.reason


def test_the_time_of_earlier_attempts_counts(world: World, home: Path) -> None:
    job = requested(world, limit={"seconds": 100})
    TrainingJob.objects.update(seconds=101)
    job = Hosting(job).runs(spoken("told.get(timeout=60)"))
    assert (job.state, job.code) == ("failed", "time_limit")


def test_a_worker_that_stops_gives_the_job_back_at_no_cost(hosting: Hosting) -> None:
    hosting.start(PATIENT).until(lambda job: job.step == 1)
    hosting.life.stopping.set()
    job = hosting.ends()
    assert (job.state, job.code, job.fruitless, job.lease) == ("waiting", "worker_stopped", 0, None)


def test_a_host_that_lost_the_lease_ends_its_child_and_says_nothing(hosting: Hosting) -> None:
    hosting.start(PATIENT).until(lambda job: job.step == 1)
    TrainingJob.objects.update(state="waiting", lease=None, lease_until=None)
    lease = running(hosting.job)
    hosting.ends()
    assert (hosting.now().state, hosting.job.lease) == ("running", lease)


def test_a_file_that_the_store_lost_fails_the_job_with_its_name(hosting: Hosting) -> None:
    lost = Asset.objects.order_by("pk").values_list("pk", flat=True)[0]
    remove(lost)
    job = hosting.runs(PATIENT)
    assert (job.state, job.code, job.reason) == ("failed", "asset_missing", f"There is no asset {lost}.")


def test_a_subject_deleted_since_fails_the_job_in_words(world: World, home: Path) -> None:
    samples = [sample("one", "odd"), sample("two", "even", origins=((new_id(), "s" * 64),))]
    dataset, _ = version_freeze(actor=world.ada, name="met", samples=samples)
    job = requested(world, dataset=dataset)
    with transaction.atomic():
        samples_erase(subject="s" * 64)
    job = Hosting(job).runs(PATIENT)
    assert (job.state, job.code) == ("failed", "samples_erased")


def test_the_training_goes_on_while_the_database_is_away(hosting: Hosting, world: World) -> None:
    hosting.start(spoken(_ASKED_TO_GO_ON))
    hosting.until(lambda job: job.step == 1)
    directory = hosting.job.directory
    with Outage():
        (directory / "go").touch()
    hosting.until(lambda job: job.step == 2)
    job_cancel(actor=world.ada, job=hosting.now())
    assert hosting.ends().state == "cancelled"


def test_what_ended_jobs_left_is_swept_and_what_waits_is_not(hosting: Hosting, world: World) -> None:
    left = hosting.job.directory.parent / str(new_id())
    left.mkdir(parents=True)
    waiting = requested(world, hosting.job.parent, seed=9)
    waiting.directory.mkdir()
    hosting.runs(spoken("say('failed', code='diverged', message='It did.', path='')"))
    assert [path.name for path in left.parent.iterdir()] == [str(waiting.pk)]


def test_a_damaged_file_of_its_parent_takes_the_parent_out_of_use(hosting: Hosting) -> None:
    parent = hosting.job.parent
    told = f"say('failed', code='artifact_corrupt', message='It differs.', path='echo.py', version={parent.pk})"
    job = hosting.runs(spoken(told))
    parent.refresh_from_db()
    assert (job.state, job.code, parent.state, parent.state_reason) == (
        "failed",
        "artifact_corrupt",
        "corrupt",
        "It differs.",
    )


def test_a_node_that_begins_anew_and_comes_less_far_has_brought_it_further(hosting: Hosting) -> None:
    ends = "os.kill(os.getpid(), signal.SIGKILL)"
    hosting.runs(spoken(f"progress(9000, kept=9000)\n{ends}"))
    for began, kept in ((0, 3000), (3000, 6000), (6000, 8000)):  # on another node, whose directory was empty
        job = hosting.runs(spoken(f"progress({kept}, kept={kept}, began={began})\n{ends}"))
        assert (job.state, job.code, job.kept_step, job.fruitless) == ("waiting", "process_ended", kept, 0)
