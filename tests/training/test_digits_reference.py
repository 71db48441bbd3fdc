"""The artifact's reference profile tells what traffic looks like that nothing happened to, and notices what did."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from apps.drift.rules.profile import ReferenceProfile
from apps.drift.rules.states import State
from apps.drift.rules.verdict import Report, Strictness, judge
from workers.file_signals import described
from workers.serving.tensors import Tensor
from workers.training.digits_av import HeldOutSample, held_out

_SENSES = (("image", "sound"), ("image",), ("sound",))
_MODALITIES = {"image": "image", "sound": "audio"}


@pytest.fixture(scope="module")
def profile(artifact: Path) -> ReferenceProfile:
    return ReferenceProfile.from_json((artifact / "reference.json").read_bytes())


@pytest.fixture(scope="module")
def traffic(cache_directory: Path) -> list[HeldOutSample]:
    return list(held_out(600, seed=5, cache_directory=cache_directory))


def judged(
    profile: ReferenceProfile, traffic: list[HeldOutSample], change: Callable[[bytes], bytes] = lambda png: png
) -> Report:
    """As requests come in the demo: both, and either alone, in turn. The answers are left out."""
    samples = []
    for place, each in enumerate(traffic):
        files = {"image": change(each.png), "sound": each.wav}
        samples.append({k: v for name in _SENSES[place % 3] for k, v in signals(name, files[name]).items()})
    return judge(profile, samples, Strictness(level=0.01))


def signals(name: str, raw: bytes) -> dict[str, Any]:
    _, _, told = described(_MODALITIES[name], Tensor("BYTES", (), [raw]))
    return {
        f"{name}.{signal}": np.array(value, np.float32) if isinstance(value, list) else value
        for signal, value in told["signals"].items()
    }


def blurred(png: bytes) -> bytes:
    buffer = io.BytesIO()
    Image.open(io.BytesIO(png)).filter(ImageFilter.GaussianBlur(1.5)).save(buffer, "PNG")
    return buffer.getvalue()


def test_it_knows_the_signals_of_both_inputs_and_of_the_answers(profile: ReferenceProfile) -> None:
    assert profile.modalities == _MODALITIES
    named = {"image.brightness", "sound.loudness", "sound.embedding", "image.missing", "prediction", "confidence"}
    assert named <= profile.signals.keys()
    assert profile.signals["prediction"].count == profile.samples == 900


def test_traffic_that_nothing_happened_to_has_not_drifted(
    profile: ReferenceProfile, traffic: list[HeldOutSample]
) -> None:
    groups = judged(profile, traffic).groups
    told = {name: (groups[name].state, groups[name].reason) for name in ("image", "audio")}
    assert {state for state, _ in told.values()} == {State.STEADY}, told


def test_blurred_pictures_are_noticed_and_the_sound_is_not_blamed(
    profile: ReferenceProfile, traffic: list[HeldOutSample]
) -> None:
    groups = judged(profile, traffic, blurred).groups
    assert groups["image"].state is State.DRIFTED
    assert groups["audio"].state is not State.DRIFTED
