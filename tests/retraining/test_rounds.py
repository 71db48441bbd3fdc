"""Retrained twice: what one round measured with no later round learns from, nor the other way round."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.clock import now
from apps.datasets.models import DatasetVersion
from apps.datasets.rules import Key
from apps.datasets.selectors import version_samples
from apps.datasets.services import version_freeze
from apps.inference.services import Given, feedback_give
from apps.training.models import TrainingJob
from apps.training.rules.triggers import LEARNED, MEASURED, held_out, side_of
from apps.training.services import dataset_freeze, retrain_now
from tests.datasets.samples import sample
from tests.retraining.loop import LEAST, Loop

KEYS = st.tuples(st.tuples(st.just("image"), st.text("0123456789abcdef", min_size=4, max_size=4)))


def keys(version: DatasetVersion | None, *, met: bool = False) -> set[Key]:
    """The samples of a version, or of those that were met."""
    assert version is not None
    return {each.key for each in version_samples(version) if each.origins or not met}


def retrained(loop: Loop) -> TrainingJob:
    """Another round, to its candidate."""
    before = TrainingJob.objects.count()
    retrain_now(actor=loop.world.ada, deployment=loop.deployment, despite_cooldown=True)
    loop.begin()
    job = TrainingJob.objects.latest("requested_at")
    assert TrainingJob.objects.count() == before + 1
    loop.end(job, weights=(5.0, float(before)))
    loop.tell()
    return job


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.9, 0.1), (0.1, 0.9)], ids=["the same", "less", "more"])
def test_what_one_round_measured_with_the_next_does_not_learn_from(loop: Loop, shares: tuple[float, float]) -> None:
    rounds = []
    for share in shares:
        loop.policy(held_out=share)
        loop.label(8 * LEAST)
        rounds.append(retrained(loop))
    first, second = rounds
    assert not keys(second.dataset) & keys(first.measured_on)
    assert not keys(second.measured_on, met=True) & keys(first.dataset)
    assert not keys(second.dataset) & keys(second.measured_on)
    # Nothing is lost over it: what was met before is all there, and so is what is new.
    assert keys(second.dataset) > keys(first.dataset) and keys(second.measured_on) > keys(first.measured_on)


def test_what_was_measured_with_and_is_long_gone_does_not_come_back_by_the_base(loop: Loop) -> None:
    loop.policy(days=1)
    predictions = loop.label(4 * LEAST, ago=3600)
    first = retrained(loop)
    window = {"after": now() - timedelta(days=1), "before": now()}
    everything, _ = dataset_freeze(actor=loop.world.ada, name="by-hand", deployment=loop.deployment, **window)
    assert keys(everything) > keys(first.measured_on, met=True)
    loop.policy(base=[everything], newest=2 * LEAST)  # so that only what comes now is met
    loop.label(2 * LEAST)
    second = retrained(loop)
    assert len(predictions) == len(keys(everything))
    assert not keys(second.dataset) & keys(first.measured_on)
    assert keys(second.dataset) > keys(everything) - keys(first.measured_on)
    assert second.dataset.source["measured_with_before"] == len(keys(first.measured_on, met=True))


def test_what_is_met_again_of_the_old_data_is_not_measured_with(loop: Loop) -> None:
    again = [sample(f"asked {number + 1}", str(number % 2)) for number in range(4 * LEAST)]
    base, _ = version_freeze(actor=loop.world.ada, name="old", samples=again)
    loop.policy(base=[base])
    loop.label(8 * LEAST)  # the first half asks the same
    job = retrained(loop)
    assert not keys(job.measured_on) & keys(base)
    assert keys(job.dataset) > keys(base)


def test_a_corrected_label_moves_no_sample_to_the_other_side(loop: Loop) -> None:
    loop.policy()
    predictions = loop.label(4 * LEAST)
    first = retrained(loop)
    feedback_give(actor=loop.world.ada, allowed=[], rows=[Given(each, "1") for each in predictions])
    loop.label(LEAST)
    second = retrained(loop)
    assert not keys(second.dataset) & keys(first.measured_on)
    assert not keys(second.measured_on, met=True) & keys(first.dataset)


@given(KEYS, st.lists(st.floats(0.05, 0.9), min_size=1, max_size=6))
def test_a_sample_keeps_its_side_through_every_round_whatever_the_share(key: Key, shares: list[float]) -> None:
    sides: dict[str, set[Key]] = {MEASURED: set(), LEARNED: set()}
    taken = []
    for share in shares:
        taken.append(side_of(key, share, sides[MEASURED], sides[LEARNED]))
        sides[taken[-1]].add(key)
    assert set(taken) == {MEASURED if held_out(key, shares[0]) else LEARNED}
