"""The samples that are shown first are those that lie furthest outside."""

from typing import Any

import numpy as np

from apps.drift.rules.driving import MOST
from apps.drift.rules.profile import build
from apps.drift.rules.verdict import judge

RANDOM = np.random.default_rng(0)
MODALITIES = {"picture": "image", "voice": "audio"}


def world(count: int) -> list[dict[str, Any]]:
    return [
        {
            "picture.brightness": float(RANDOM.normal()),
            "voice.pitch": float(RANDOM.normal()),
            "voice.embedding": RANDOM.normal(size=3),
            "voice.language": str(RANDOM.choice(["en", "de"], p=[0.95, 0.05])),
        }
        for _ in range(count)
    ]


PROFILE = build(world(1000), MODALITIES)


def window(odd: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    samples = world(200)
    for place, values in odd.items():
        samples[place] |= values
    return samples


def test_the_odd_ones_come_first_the_oddest_of_all_before_the_others() -> None:
    odd = {place: {"picture.brightness": 6.0 + (place == 9)} for place in range(5, 35)}
    worst = judge(PROFILE, window(odd)).groups["image"].driving
    assert len(worst) == MOST
    assert worst[0].sample == 9
    assert {each.sample for each in worst} <= odd.keys()


def test_samples_are_told_by_their_ids() -> None:
    odd = {place: {"picture.brightness": 7.0} for place in range(30)}
    worst = judge(PROFILE, window(odd), ids=[f"p-{place}" for place in range(200)]).groups["image"].driving
    assert {each.sample for each in worst} <= {f"p-{place}" for place in range(30)}


def test_only_signals_that_drifted_count_and_only_of_the_groups_modality() -> None:
    odd = {place: {"voice.pitch": 5.0} for place in range(40)} | {50: {"picture.brightness": 99.0}}
    groups = judge(PROFILE, window(odd)).groups
    assert groups["image"].driving == ()
    assert {each.sample for each in groups["audio"].driving} <= set(range(40))
    assert all(each.signals.keys() <= {"voice.pitch", "voice.embedding"} for each in groups["audio"].driving)


def test_vectors_and_categories_are_ranked_too() -> None:
    odd: dict[int, dict[str, Any]] = {
        place: {"voice.embedding": np.full(3, 5.0), "voice.language": "fr"} for place in range(60, 100)
    }
    worst = judge(PROFILE, window(odd)).groups["audio"].driving
    assert {each.sample for each in worst} <= odd.keys()
    assert worst[0].signals.keys() == {"voice.embedding", "voice.language"}


def test_samples_that_lack_the_input_are_what_a_missing_modality_shows() -> None:
    samples = window({})
    for place in range(20):
        samples[place] = {"picture.brightness": 0.0}
    worst = judge(PROFILE, samples).groups["audio"].driving
    assert {each.sample for each in worst} == set(range(20))
