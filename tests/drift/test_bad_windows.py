"""What windows may hold that is no fair stream of samples: none of it is called steady that was not tested."""

from datetime import timedelta
from uuid import UUID

import pytest

from apps.core.clock import now
from apps.drift.models import DriftRun
from apps.drift.rules.states import State
from apps.drift.services import run_request
from apps.inference.selectors.drawn import ALL
from tests.drift.recorded import Signals, Watched
from tests.drift.test_runs import darker, looked_at, states
from tests.world import World
from workers.serving import recording, routing
from workers.serving.record import Asked

GREEN = {State.STEADY, State.CONSTANT}


def test_an_empty_window_is_not_enough_data(watched: Watched) -> None:
    run = looked_at(watched)
    assert (run.state, run.verdict, run.predictions) == ("done", "not_enough_data", 0)
    assert not GREEN & set(states(run).values())


def test_a_tiny_window_is_not_enough_data(watched: Watched) -> None:
    watched.record(12, darker)
    run = looked_at(watched)
    assert run.verdict == "not_enough_data"
    assert "at least" in run.groups.get(name="image").reason
    assert not GREEN & set(states(run).values())


def test_where_one_input_never_comes_its_absence_is_what_drifted_and_the_other_is_judged(watched: Watched) -> None:
    watched.record(400, inputs=["image"], missing=["sound"])
    run = looked_at(watched)
    assert states(run)["audio"] == "drifted"
    assert "sound.missing" in run.groups.get(name="audio").reason
    assert states(run)["image"] == "steady"


def test_answers_without_kept_inputs_say_nothing_of_the_inputs(watched: Watched) -> None:
    watched.record(400, kept=lambda _: False)
    run = looked_at(watched)
    assert run.kept == 0
    assert states(run) == {
        "audio": "not_enough_data",
        "confidence": "steady",
        "image": "not_enough_data",
        "prediction": "steady",
    }
    assert run.verdict == "not_enough_data"


def test_a_signal_that_is_one_value_in_both_is_called_constant(watched: Watched) -> None:
    watched.record(400)
    assert looked_at(watched).results.get(name="sound.rate").state == "constant"


def test_a_signal_that_was_constant_and_is_another_constant_drifted(watched: Watched) -> None:
    def resampled(signals: Signals) -> None:
        signals["sound"]["rate"] = 44_100

    watched.record(400, resampled)
    run = looked_at(watched)
    assert run.results.get(name="sound.rate").state == "drifted"
    assert states(run)["audio"] == "drifted"


def test_values_that_are_no_numbers_make_their_signal_unusable(watched: Watched) -> None:
    def spoilt(signals: Signals) -> None:
        signals["image"]["brightness"] = "NaN"

    watched.record(400, spoilt)
    run = looked_at(watched)
    assert run.results.get(name="image.brightness").state == "unusable"
    assert states(run)["image"] == "unusable"


def test_a_confidence_of_nan_is_left_out(watched: Watched) -> None:
    watched.record(40, confidences=[float("nan")])
    watched.record(400, at=now() - timedelta(seconds=2))
    result = looked_at(watched).results.get(name="confidence")
    assert (result.state, result.window, result.wrong) == ("steady", 400, 40)


def test_a_class_that_was_never_seen_drifts_and_is_shown_by_its_name(watched: Watched) -> None:
    watched.record(400, labels=["a cat"])
    result = looked_at(watched).results.get(name="prediction")
    assert result.state == "drifted"
    assert "a cat" in result.distribution["categories"]


def test_failed_predictions_have_inputs_and_no_answer(watched: Watched) -> None:
    watched.record(400, error="model_failed", labels=[], confidences=[])
    run = looked_at(watched)
    assert states(run)["image"] == "steady"
    assert states(run)["prediction"] == "not_enough_data"


def test_each_sample_of_a_request_is_one(watched: Watched) -> None:
    watched.record(200, samples=2, labels=["1", "2"], confidences=[0.7, None])
    results = {each.name: each for each in looked_at(watched).results.all()}
    assert results["prediction"].window == 400
    assert results["confidence"].window == 200
    assert results["image.brightness"].window == 200


def test_clocks_that_are_behind_or_ahead_lose_no_prediction(watched: Watched) -> None:
    """A gateway minutes behind is within the window as it is; one that is ahead is seen once its time has come."""
    watched.record(100, at=now() - timedelta(minutes=7))
    watched.record(100)
    watched.record(100, at=now() + timedelta(seconds=50))
    assert looked_at(watched).predictions == 200
    later = now() + timedelta(minutes=1)
    assert looked_at(watched, after=later - timedelta(hours=1), before=later).predictions == 300


@pytest.fixture
def sparse(world: World) -> Watched:
    """One of which the rate keeps a quarter."""
    watched = Watched(world, rate=0.25)
    watched.profile()
    return watched


def by_rate(prediction: UUID) -> bool:
    """Whether a gateway keeps the inputs whatever the answer is."""
    split = routing.Split(1, "1", 1, (), record=routing.Recording(rate=0.25))
    return recording.keeps(split, Asked(prediction.bytes, 0.0, "digits", 1, "1", 1, (), ()))


def test_inputs_that_were_kept_because_they_are_odd_do_not_count(sparse: Watched) -> None:
    """The model is unsure of a few dark pictures, and all of these are kept: among those kept they are many."""
    ids = sparse.record(2500, kept=by_rate)
    ids += sparse.record(60, darker, confidences=[0.2])
    run = looked_at(sparse)
    assert run.predictions == 2560
    assert run.kept == sum(map(by_rate, ids))
    assert states(run)["image"] == "steady"


def test_they_would_look_drifted_if_they_counted(sparse: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    sparse.record(2500, kept=by_rate)
    sparse.record(60, darker, confidences=[0.2])
    monkeypatch.setattr("apps.drift.rules.window.bound", lambda share: ALL)
    assert states(looked_at(sparse))["image"] == "drifted"


def test_the_rate_chooses_here_as_gateways_do(sparse: Watched) -> None:
    ids = sparse.record(1000)
    assert looked_at(sparse).kept == sum(map(by_rate, ids))


def test_a_rate_of_nothing_leaves_the_answers_to_look_at(world: World) -> None:
    watched = Watched(world, rate=0.0)
    watched.profile()
    watched.record(400)
    run = looked_at(watched)
    assert (run.predictions, run.kept) == (400, 0)
    assert states(run)["prediction"] == "steady"


def test_a_revision_that_is_gone_fails_the_run_in_words(watched: Watched) -> None:
    run_request(actor=watched.world.ada, deployment=watched.deployment)
    DriftRun.objects.update(revision=9)
    run = watched.run()
    assert run.state == "failed"
    assert run.problem == "Revision 9 of 'digits' is no longer there."


def test_a_revision_that_was_replaced_meanwhile_is_still_judged(watched: Watched) -> None:
    watched.record(400)
    run_request(actor=watched.world.ada, deployment=watched.deployment)
    watched.deployment.live_revision = None
    watched.deployment.save(update_fields=["live_revision"])
    assert watched.run().verdict == "steady"
