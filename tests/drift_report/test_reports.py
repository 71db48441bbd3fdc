"""A report is asked for, made once, kept for a while, and told of where it is awaited."""

import gzip
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from apps.core.clock import now
from apps.core.models import AuditEntry, OutboxEvent
from apps.deployments.models import Revision
from apps.drift import store
from apps.drift.errors import RunNotDone
from apps.drift.models import DriftReport, DriftRun, ReferenceProfile
from apps.drift.services import report_begin, report_fail, report_finish, report_request, reports_expire
from apps.inference.models import Prediction
from tests.drift.finished import finished_run
from tests.drift.recorded import Watched
from tests.world import World
from workers.drift_report.make import report_make

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(home: Path, world: World) -> DriftRun:
    watched = Watched(world)
    watched.profile()
    return finished_run(watched.deployment, watched.revision)


def _asked() -> list[OutboxEvent]:
    return list(OutboxEvent.objects.filter(name="drift.report_requested").order_by("pk"))


def test_asking_is_told_and_written_down(world: World, run: DriftRun) -> None:
    report = report_request(actor=world.cy, run=run)
    assert [event.payload for event in _asked()] == [{"run_id": run.pk, "ticket": str(report.ticket)}]
    assert AuditEntry.objects.filter(action="drift.report_requested", actor=world.cy).count() == 1


def test_who_asks_while_it_is_made_asks_for_the_same(world: World, run: DriftRun) -> None:
    tickets = {report_request(actor=who, run=run).ticket for who in (world.cy, world.ada)}
    assert len(tickets) == len(_asked()) == 1


def test_a_run_that_has_not_ended_has_no_report(world: World, run: DriftRun) -> None:
    open_run = finished_run(run.deployment, run.deployment.live_revision or Revision(), state="waiting", verdict="")
    with pytest.raises(RunNotDone):
        report_request(actor=world.ada, run=open_run)


def test_what_was_made_is_kept_compressed_with_its_opinions(world: World, run: DriftRun) -> None:
    made = _made(world, run)
    assert gzip.decompress(store.read(made.file)) == b"<p>a page</p>"
    assert made.opinions == {"image.brightness": {"drifted": True, "method": "K-S p_value", "score": 0.01}}
    assert made.expires_at is not None
    assert report_request(actor=world.ada, run=run).ticket == made.ticket, "it is still there"


def test_its_file_goes_after_a_day_and_its_opinions_stay(world: World, run: DriftRun, home: Path) -> None:
    made = _made(world, run)
    DriftReport.objects.update(expires_at=now() - timedelta(seconds=1))
    reports_expire()
    report = DriftReport.objects.get()
    assert (report.file, bool(report.opinions)) == ("", True)
    assert not (home / "assets" / made.file).exists()
    assert report_request(actor=world.ada, run=run).ticket != made.ticket


def test_a_page_that_no_row_knows_goes_too(run: DriftRun, home: Path) -> None:
    names = [store.write(uuid4(), "<p>left behind</p>")[0] for _ in range(2)]
    long_ago = (now() - timedelta(days=3)).timestamp()
    os.utime(home / "assets" / names[0], (long_ago, long_ago))
    reports_expire()
    assert [(home / "assets" / name).exists() for name in names] == [False, True]


def test_nobody_makes_the_same_one_twice(world: World, run: DriftRun) -> None:
    ticket = report_request(actor=world.ada, run=run).ticket
    assert report_begin(run_id=run.pk, ticket=ticket) is not None
    assert report_begin(run_id=run.pk, ticket=ticket) is None


def test_who_was_given_up_on_changes_nothing(world: World, run: DriftRun, home: Path) -> None:
    late = report_begin(run_id=run.pk, ticket=report_request(actor=world.ada, run=run).ticket)
    assert late is not None
    DriftReport.objects.update(requested_at=now() - timedelta(minutes=11))
    fresh = report_request(actor=world.ada, run=run)
    report_finish(report=late, html="late", opinions={}, left_out={})
    assert (DriftReport.objects.get().ticket, DriftReport.objects.get().state) == (fresh.ticket, "waiting")
    assert list((home / "assets" / "reports").iterdir()) == [], "nor does its page stay behind"


def test_one_that_failed_says_why_and_may_be_asked_for_again(world: World, run: DriftRun) -> None:
    failed = report_begin(run_id=run.pk, ticket=report_request(actor=world.ada, run=run).ticket)
    assert failed is not None
    report_fail(report=failed, problem="No columns.")
    assert DriftReport.objects.get().problem == "No columns."
    assert report_request(actor=world.ada, run=run).state == "waiting"


def _profile_of_another_schema(run: DriftRun) -> None:
    ReferenceProfile.objects.filter(pk=run.profile_id).update(content='{"schema": 99}')


def _window_deleted(run: DriftRun) -> None:
    Prediction.objects.all().delete()


@pytest.mark.parametrize(
    ("harm", "told"), [(_profile_of_another_schema, "schema 99"), (_window_deleted, "Nothing is left to show")]
)
def test_what_stands_against_it_is_told(
    world: World, run: DriftRun, harm: Callable[[DriftRun], None], told: str
) -> None:
    harm(run)
    report_make(run.pk, report_request(actor=world.ada, run=run).ticket)
    report = DriftReport.objects.get()
    assert report.state == "failed"
    assert told in report.problem


def _made(world: World, run: DriftRun) -> DriftReport:
    begun = report_begin(run_id=run.pk, ticket=report_request(actor=world.ada, run=run).ticket)
    assert begun is not None
    opinions = {"image.brightness": {"drifted": True, "method": "K-S p_value", "score": 0.01}}
    report_finish(report=begun, html="<p>a page</p>", opinions=opinions, left_out={"sound.pitch": "few"})
    return DriftReport.objects.get()
