"""A run through the app: from recorded predictions to a verdict by modality."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from apps.core.clock import now
from apps.core.models import OutboxEvent
from apps.drift.extra import EXTRA_SIGNALS
from apps.drift.models import DriftRun
from apps.drift.services import run_request
from tests.drift.recorded import Signals, Watched


def darker(signals: Signals) -> None:
    signals["image"]["brightness"] -= 2


def looked_at(watched: Watched, **fields: Any) -> DriftRun:
    run_request(actor=watched.world.ada, deployment=watched.deployment, **fields)
    return watched.run()


def states(run: DriftRun) -> dict[str, str]:
    return dict(run.groups.values_list("name", "state"))


def told(name: str) -> list[dict[str, Any]]:
    return list(OutboxEvent.objects.filter(name=name).order_by("pk").values_list("payload", flat=True))


def test_an_undrifted_window_is_steady_in_every_group_that_varies(watched: Watched) -> None:
    watched.record(400)
    run = looked_at(watched)
    assert (run.state, run.verdict, run.predictions, run.kept) == ("done", "steady", 400, 400)
    assert states(run) == {"audio": "steady", "confidence": "steady", "image": "steady", "prediction": "steady"}


def test_a_drifted_modality_is_named_with_the_samples_that_drive_it(watched: Watched) -> None:
    odd = watched.record(400, darker)
    run = looked_at(watched)
    assert run.verdict == "drifted"
    assert states(run)["image"] == "drifted"
    assert states(run)["audio"] == "steady"
    driving = run.groups.get(name="image").driving
    assert {UUID(each["prediction"]) for each in driving} <= set(odd)
    assert driving[0]["signals"].keys() >= {"image.brightness"}
    assert driving[0]["assets"].keys() == {"image", "sound"}


def test_each_result_holds_both_distributions(watched: Watched) -> None:
    watched.record(300, darker)
    results = {each.name: each for each in looked_at(watched).results.all()}
    shown = results["image.brightness"].distribution
    assert len(shown["edges"]) == len(shown["window"]) + 1 == len(shown["reference"]) + 1
    assert sum(shown["window"]) == pytest.approx(1, abs=1e-4)
    assert set(results["prediction"].distribution["categories"]) == set("0123456789")
    assert results["image.embedding"].distribution["kind"] == "embedding"


def test_drift_is_told_once_and_healed_once(watched: Watched) -> None:
    for minutes, change in ((8, darker), (6, darker), (4, None), (2, None)):  # well apart: a run looks at the newest
        watched.record(1000, change, at=now() - timedelta(minutes=minutes))
        looked_at(watched)
    assert [event["groups"] for event in told("drift.found")] == [["image"]]
    assert [event["groups"] for event in told("drift.healed")] == [["image"]]
    assert [event["verdict"] for event in told("drift.run_finished")] == ["drifted", "drifted", "steady", "steady"]


def test_drift_of_a_revision_is_over_when_the_one_that_took_its_place_is_steady(watched: Watched) -> None:
    watched.record(1000, darker, at=now() - timedelta(minutes=8))
    old = looked_at(watched)
    DriftRun.objects.filter(pk=old.pk).update(revision=old.revision + 1)  # of another one, with another profile
    watched.record(1000, None, at=now() - timedelta(minutes=2))
    looked_at(watched)
    assert [event["groups"] for event in told("drift.healed")] == [["image"]]


def test_drift_of_an_input_that_the_next_revision_does_not_take_is_over_and_told_once(watched: Watched) -> None:
    watched.record(1000, darker, at=now() - timedelta(minutes=8))
    old = looked_at(watched)
    DriftRun.objects.filter(pk=old.pk).update(revision=old.revision + 1)
    old.groups.filter(name="image").update(name="video")
    watched.record(1000, None, at=now() - timedelta(minutes=2))
    looked_at(watched)
    looked_at(watched)
    assert [event["groups"] for event in told("drift.healed")] == [["video"]]


def test_a_run_without_enough_data_takes_no_drift_back(watched: Watched) -> None:
    watched.record(400, darker, at=now() - timedelta(hours=2))
    looked_at(watched, after=now() - timedelta(hours=3))
    looked_at(watched, after=now() - timedelta(minutes=1))
    watched.record(400)
    looked_at(watched, after=now() - timedelta(minutes=1))
    assert [event["verdict"] for event in told("drift.run_finished")] == ["drifted", "not_enough_data", "steady"]
    assert len(told("drift.healed")) == 1


def test_only_the_newest_predictions_are_looked_at(watched: Watched) -> None:
    watched.record(1500, darker, at=now() - timedelta(minutes=30))
    watched.record(1000)
    run = looked_at(watched)
    assert (run.verdict, run.predictions) == ("steady", 1000)


def test_predictions_of_another_revision_are_not_looked_at(watched: Watched) -> None:
    watched.record(400, darker, revision=2)
    watched.record(300)
    assert looked_at(watched).verdict == "steady"


def test_signals_that_others_find_out_are_judged_with_the_rest(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def agreement(deployment: str, revision: int, predictions: Any) -> dict[Any, Any]:
        assert (deployment, revision) == ("digits", 1)
        return {(each, 0): {"agreement": 0.5} for each in predictions}

    watched.record(300)
    monkeypatch.setattr("apps.drift.selectors.window.EXTRA_SIGNALS", [*EXTRA_SIGNALS, agreement])
    result = looked_at(watched).results.get(name="agreement")
    assert (result.window, result.state) == (300, "unusable")  # the profile does not know it
