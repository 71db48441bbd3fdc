"""One run at a time for a deployment, each done once, whoever dies meanwhile."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from apps.core.clock import now
from apps.core.errors import Forbidden
from apps.core.models import AuditEntry, OutboxEvent
from apps.drift.errors import NoReferenceProfile, NothingLive, RunUnderWay
from apps.drift.models import DriftRun
from apps.drift.services import run_claim, run_perform, run_request, runs_perform
from tests.deployments.makers import make_deployment
from tests.drift.recorded import Watched
from tests.world import World


def lapse(run: DriftRun) -> None:
    """As if its worker had been away for longer than the lease."""
    DriftRun.objects.filter(pk=run.pk).update(leased_until=Now() - timedelta(seconds=1))


def claimed(watched: Watched) -> DriftRun:
    run_request(actor=watched.world.ada, deployment=watched.deployment)
    run = run_claim()
    assert run is not None
    return run


def test_a_second_request_is_the_run_that_waits(watched: Watched) -> None:
    first, new = run_request(actor=watched.world.ada, deployment=watched.deployment)
    again, newer = run_request(actor=watched.world.ada, deployment=watched.deployment)
    assert (new, newer) == (True, False)
    assert first == again
    assert AuditEntry.objects.filter(action="drift.run_requested").count() == 1


def test_another_window_is_refused_while_one_is_looked_at(watched: Watched) -> None:
    claimed(watched)
    with pytest.raises(RunUnderWay):
        run_request(actor=watched.world.ada, deployment=watched.deployment, after=now() - timedelta(hours=1))


def test_a_run_is_claimed_once(watched: Watched) -> None:
    claimed(watched)
    assert run_claim() is None


def test_a_run_that_its_worker_left_is_done_by_another_and_the_first_writes_nothing(watched: Watched) -> None:
    watched.record(300)
    first = claimed(watched)
    lapse(first)
    assert runs_perform() == 1
    assert not run_perform(first)
    assert OutboxEvent.objects.filter(name="drift.run_finished").count() == 1
    assert DriftRun.objects.get().attempts == 2


def test_a_run_that_workers_die_over_again_and_again_fails_in_words(watched: Watched) -> None:
    claimed(watched)
    for _ in range(3):
        lapse(DriftRun.objects.get())
        run = run_claim()
    assert run is not None
    assert run_perform(run)
    run.refresh_from_db()
    assert run.state == "failed"
    assert "3 analysis workers" in run.problem


def test_a_run_whose_deployment_is_gone_writes_nothing(watched: Watched) -> None:
    run = claimed(watched)
    DriftRun.objects.all().delete()
    assert not run_perform(run)
    assert not OutboxEvent.objects.filter(name="drift.run_finished").exists()


def test_a_profile_of_another_schema_fails_the_run_in_words(watched: Watched) -> None:
    run = claimed(watched)
    run.profile.content = run.profile.content.replace('"schema":1', '"schema":99')
    assert run_perform(run)
    run.refresh_from_db()
    assert (run.state, run.verdict) == ("failed", "")
    assert "schema 99" in run.problem


def test_what_nobody_foresaw_fails_the_run_and_says_what_it_was(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("apps.drift.services.judging.window_read", broken)
    run = claimed(watched)
    run_perform(run)
    run.refresh_from_db()
    assert "ZeroDivisionError: by nothing" in run.problem


def test_a_version_without_a_profile_is_refused(world: World) -> None:
    watched = Watched(world)
    with pytest.raises(NoReferenceProfile, match="has no reference profile"):
        run_request(actor=world.ada, deployment=watched.deployment)


def test_where_nothing_is_live_there_is_nothing_to_look_at(world: World) -> None:
    with pytest.raises(NothingLive):
        run_request(actor=world.ada, deployment=make_deployment(world))


def test_who_may_not_operate_may_not_ask_for_a_run(watched: Watched) -> None:
    with pytest.raises(Forbidden):
        run_request(actor=watched.world.cy, deployment=watched.deployment)
