"""A reference and a window as tables: bounded, and nothing made up."""

from typing import Any

import numpy as np
import pytest

from apps.drift.rules.kinds import Kind
from apps.drift.rules.profile import ReferenceProfile, build
from workers.drift_report import frames as module
from workers.drift_report.frames import COMPONENTS, MOST_ROWS, MOST_VECTORS, frames

MODALITIES = {"image": "image", "sound": "audio"}


def samples(count: int, seed: int, middle: float = 0.0) -> list[dict[str, Any]]:
    """Pictures with brightness, colours and an embedding of 72; every second one has a sound."""
    random = np.random.default_rng(seed)
    return [
        {
            "image.brightness": float(random.normal(middle)),
            "image.colours": str(random.choice(["grey", "colour"])),
            "image.embedding": random.normal(middle, 1, 72).astype(np.float32),
            "prediction": str(random.integers(10)),
            "confidence": float(random.beta(8, 2)),
        }
        | ({"sound.loudness": float(random.normal(-20, 3))} if place % 2 else {})
        for place in range(count)
    ]


@pytest.fixture(scope="module")
def profile() -> ReferenceProfile:
    return build(samples(1500, 1), MODALITIES)


def test_every_signal_is_a_column_of_its_kind(profile: ReferenceProfile) -> None:
    found = frames(profile, samples(100, 2))
    assert found.kinds == {
        "image.brightness": Kind.NUMBER,
        "image.colours": Kind.CATEGORY,
        "image.missing": Kind.CATEGORY,
        "sound.loudness": Kind.NUMBER,
        "sound.missing": Kind.CATEGORY,
        "prediction": Kind.CATEGORY,
        "confidence": Kind.NUMBER,
    }
    assert [*found.columns.window.columns] == [*found.columns.reference.columns] == [*found.kinds]
    assert found.left_out == {}


def test_a_sound_that_half_the_samples_lack_has_half_the_values(profile: ReferenceProfile) -> None:
    found = frames(profile, samples(100, 2))
    assert found.columns.window["sound.loudness"].count() == 50
    assert found.columns.window["image.brightness"].count() == 100


def test_rows_and_vectors_are_bounded(profile: ReferenceProfile) -> None:
    found = frames(profile, samples(1200, 2))
    assert len(found.columns.window) == len(found.columns.reference) == MOST_ROWS
    assert len(found.embeddings["image.embedding"].window) == MOST_VECTORS


def test_an_embedding_becomes_the_references_main_components(profile: ReferenceProfile) -> None:
    pair = frames(profile, samples(300, 2, middle=2.0)).embeddings["image.embedding"]
    assert pair.reference.shape == pair.window.shape == (MOST_VECTORS, COMPONENTS)
    assert np.abs(pair.reference.to_numpy().mean(axis=0)).max() < 0.5, "around the reference's middle"
    assert np.linalg.norm(pair.window.to_numpy().mean(axis=0)) > 1, "and a shift is still one"


def test_signals_with_too_few_values_are_left_out_with_the_reason(profile: ReferenceProfile) -> None:
    few = samples(9, 2) + [{"prediction": "1"}] * 20
    found = frames(profile, few)
    assert found.left_out["image.brightness"] == "the window has 9 values"
    assert "image.embedding" not in found.embeddings
    assert "prediction" in found.kinds


def test_more_signals_than_one_report_shows_are_left_out(
    profile: ReferenceProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_COLUMNS", 2)
    found = frames(profile, samples(100, 2))
    assert len(found.kinds) == 2
    assert set(found.left_out.values()) == {"there are more signals than one report shows"}


def test_rare_and_unknown_categories_are_put_together() -> None:
    known = [{"prediction": str(place % 200)} for place in range(1000)]
    found = frames(build(known, {}), [{"prediction": "never seen"}] * 20)
    assert found.columns.reference["prediction"].nunique() == 31
    assert set(found.columns.window["prediction"]) == {"(others)"}


def test_the_same_run_gives_the_same_tables(profile: ReferenceProfile) -> None:
    one, other = (frames(profile, samples(1200, 2)) for _ in range(2))
    assert one.columns.window.equals(other.columns.window)
    assert one.embeddings["image.embedding"].window.equals(other.embeddings["image.embedding"].window)
