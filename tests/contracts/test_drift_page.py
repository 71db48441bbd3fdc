"""docs/drift.md tells of every signal, state and limit that there is."""

from pathlib import Path

import numpy as np
import pytest

from apps.drift.rules.kinds import Kind
from apps.drift.rules.measures import LEAST
from apps.drift.rules.policy import DEFAULTS
from apps.drift.rules.reference import MOST_CATEGORIES, MOST_NUMBERS, MOST_VECTORS
from apps.drift.rules.verdict import State, Strictness
from tests.signals.made import RATE, tone, video
from workers.signals import MODALITIES, Value, describe

PAGE = (Path(__file__).parents[2] / "docs/drift.md").read_text()
ROWS = {line.split("|")[1].strip(): line for line in PAGE.splitlines() if line.startswith("|")}
FRAMES = np.random.default_rng(0).integers(0, 256, (5, 9, 9, 3)).astype(np.uint8)
SAMPLES = {
    "text": "The words of a sentence, 5 of them",
    "image": FRAMES[0],
    "audio": tone(150),
    "video": video(FRAMES, np.arange(5) / 10, tone(150), RATE),
}


def described(modality: str) -> dict[str, Value]:
    return dict(describe("x", modality, SAMPLES[modality], RATE if modality == "audio" else None))


@pytest.mark.parametrize("modality", MODALITIES)
def test_every_signal_is_on_the_page(modality: str) -> None:
    names = {name.removeprefix("x.") for name in described(modality)}
    of_sound = {name for name in names if name.startswith("sound.")}
    assert [name for name in sorted(names - of_sound) if f"`{name}`" not in ROWS[modality]] == []
    assert not of_sound or "`sound.*`" in ROWS[modality]


@pytest.mark.parametrize("modality", MODALITIES)
def test_the_length_of_every_embedding_is_that_of_the_code(modality: str) -> None:
    vector = described(modality).get("x.embedding")
    assert vector is None or f"`embedding` ({len(vector)}:" in ROWS[modality]  # type: ignore[arg-type]


@pytest.mark.parametrize("state", State)
def test_every_state_is_on_the_page(state: State) -> None:
    assert f"`{state}`" in ROWS


@pytest.mark.parametrize("kind", Kind)
def test_the_least_effects_are_those_of_the_code(kind: Kind) -> None:
    assert ROWS[kind].rstrip(" |").endswith(f": {LEAST[kind]:g}")


def test_the_limits_are_those_of_the_code() -> None:
    for bound in (f"{MOST_NUMBERS:,} numbers", f"{MOST_CATEGORIES:,} categories", f"{MOST_VECTORS:,} vectors"):
        assert bound in PAGE
    assert f"the level, {DEFAULTS['level']}" in PAGE
    assert f"a distance of {Strictness().findable}" in PAGE
