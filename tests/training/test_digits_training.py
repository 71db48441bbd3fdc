"""Training learns, repeats itself exactly, and is measured on what it never met."""

from typing import Any

import pytest
import torch

from workers.training.digits_av.artifact.digits_av import DigitsAV
from workers.training.digits_av.dataset import Dataset
from workers.training.digits_av.evaluate import evaluate
from workers.training.digits_av.train import Features, Plan, new_model, train

SHORT = Plan(steps=6, peak_learning_rate=3e-3)


def trained(data: Dataset, features: Features, plan: Plan, seed: int) -> DigitsAV:
    model = new_model(seed)
    train(model, features, data.train_samples, plan, seed)
    return model


def same_weights(one: DigitsAV, other: DigitsAV) -> bool:
    mine, theirs = one.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_the_same_seed_gives_the_same_weights(data: Dataset, features: Features) -> None:
    assert same_weights(trained(data, features, SHORT, seed=3), trained(data, features, SHORT, seed=3))


def test_another_seed_gives_other_weights(data: Dataset, features: Features) -> None:
    assert not same_weights(trained(data, features, SHORT, seed=3), trained(data, features, SHORT, seed=4))


def test_every_weight_is_trained(data: Dataset, features: Features) -> None:
    before, after = new_model(3).state_dict(), trained(data, features, SHORT, seed=3).state_dict()
    assert [name for name in before if torch.equal(before[name], after[name])] == []


def test_the_loss_falls(data: Dataset, features: Features) -> None:
    losses: list[float] = []
    plan = Plan(steps=40, peak_learning_rate=3e-3)
    train(new_model(0), features, data.train_samples, plan, 0, lambda step, steps, loss: losses.append(loss))
    assert losses[-1] < 1.9  # guessing costs the logarithm of ten, 2.3


def test_progress_ends_with_the_last_step(data: Dataset, features: Features) -> None:
    told: list[tuple[int, int]] = []
    train(new_model(0), features, data.train_samples, SHORT, 0, lambda step, steps, loss: told.append((step, steps)))
    assert told[-1] == (6, 6)


def test_a_single_step_is_a_training_too(data: Dataset, features: Features) -> None:
    assert not same_weights(trained(data, features, Plan(1, 3e-3), seed=0), new_model(0))


def test_a_short_training_already_reads_and_hears_digits_it_never_met(report: dict[str, Any]) -> None:
    assert report["accuracy"]["both"] > 0.95
    assert report["accuracy"]["picture"] > 0.85
    assert report["accuracy"]["sound"] > 0.85


def test_an_untrained_model_is_measured_as_guessing(data: Dataset) -> None:
    accuracy = evaluate(new_model(0), Features.of(data.test), data.test, data.test_samples)
    assert max(accuracy.both, accuracy.picture, accuracy.sound) < 0.35


def test_each_accuracy_says_how_many_samples_it_counts(report: dict[str, Any], data: Dataset) -> None:
    assert report["accuracy"]["both_samples"] == len(data.test_samples)
    assert report["accuracy"]["picture_samples"] == len(data.test.pictures)
    assert report["accuracy"]["sound_samples"] == len(data.test.sounds)


@pytest.mark.parametrize("wrong_digits", [0, 40])
def test_accuracy_is_the_share_of_right_answers(
    artifact_module: Any, artifact: Any, data: Dataset, wrong_digits: int
) -> None:
    model, features = artifact_module.load_model(artifact), Features.of(data.test)
    before = evaluate(model, features, data.test, data.test_samples)
    answers = model(features.pixels).logits.argmax(1).numpy()
    labels = answers.copy()
    labels[:wrong_digits] = (labels[:wrong_digits] + 1) % 10
    relabelled = type(data.test)(data.test.pictures, labels, data.test.sounds, data.test.sound_digits)
    after = evaluate(model, features, relabelled, data.test_samples)
    assert after.picture == round(1 - wrong_digits / len(labels), 4)
    assert after.sound == before.sound
