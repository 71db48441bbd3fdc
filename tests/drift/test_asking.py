"""Asking for a run where another one is in the way, or where no row can hold what is asked for."""

import pytest
from django.db import IntegrityError

from apps.drift.errors import RunUnderWay
from apps.drift.models import DriftPolicy, DriftRun
from apps.drift.services import requests, run_request
from tests.drift.recorded import Watched


def test_a_run_that_ends_while_another_is_asked_for_is_not_in_its_way(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _ = run_request(actor=watched.world.ada, deployment=watched.deployment)
    insert = requests._insert

    def and_then_it_ends(*told: object) -> DriftRun | None:
        run = insert(*told)  # type: ignore[arg-type]
        DriftRun.objects.filter(pk=before.pk).update(state=DriftRun.State.FAILED)
        return run

    monkeypatch.setattr(requests, "_insert", and_then_it_ends)
    run, new = run_request(actor=watched.world.ada, deployment=watched.deployment)
    assert new and run.pk != before.pk


def test_runs_that_come_and_go_all_the_while_are_told_instead_of_being_tried_for_ever(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "_insert", lambda *_: None)
    with pytest.raises(RunUnderWay, match="come and go"):
        run_request(actor=watched.world.ada, deployment=watched.deployment)


def test_what_no_row_can_hold_is_not_taken_for_a_run_under_way(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "policy_of", lambda deployment: DriftPolicy(deployment=deployment, window=-1))
    with pytest.raises(IntegrityError, match="drift_driftrun_window_check"):
        run_request(actor=watched.world.ada, deployment=watched.deployment)
