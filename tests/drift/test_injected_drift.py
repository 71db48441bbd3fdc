"""Each drift, done to a window of 200 against 1,000 samples of before, is told by its modality and by no other."""

import pytest

from apps.drift.rules.profile import ReferenceProfile, build
from apps.drift.rules.verdict import State, judge
from tests.drift import streams
from tests.drift.streams import MODALITIES, Change, stream
from workers.training import injections
from workers.training.injections import frames_of, noise_at

DRIFTS: dict[str, tuple[str, Change]] = {
    "blurred pictures": ("picture", injections.blurred),
    "noisy pictures": ("picture", injections.noisy),
    "flat pictures": ("picture", injections.flat),
    "dark pictures": ("picture", injections.dark),
    "other voices": ("voice", streams.high_voice),
    "noise at 20 dB": ("voice", noise_at(20)),
    "a third is silence": ("voice", injections.muted),
    "another language": ("words", streams.german),
    "longer texts": ("words", streams.longer),
    "dropped frames": ("clip", injections.dropping),
    "dark clips": ("clip", frames_of(injections.dark)),
}
#: The first signal that a person would expect to be named.
TELLS = {
    "blurred pictures": "picture.sharpness",
    "noisy pictures": "picture.noise",
    "flat pictures": "picture.contrast",
    "dark pictures": "picture.brightness",
    "other voices": "voice.pitch",
    "noise at 20 dB": "voice.snr",
    "a third is silence": "voice.silence",
    "another language": "words.language",
    "longer texts": "words.length",
    "dropped frames": "clip.dropped",
    "dark clips": "clip.brightness",
}


@pytest.fixture(scope="module")
def profile() -> ReferenceProfile:
    return build(stream(1000, seed=1), MODALITIES)


def test_a_window_of_the_same_world_is_steady(profile: ReferenceProfile) -> None:
    report = judge(profile, stream(200, seed=2))
    assert report.state is State.STEADY
    assert report.groups.keys() == set(MODALITIES.values())


@pytest.mark.parametrize("drift", DRIFTS)
def test_the_drift_is_told_by_its_modality_and_only_by_it(profile: ReferenceProfile, drift: str) -> None:
    name, change = DRIFTS[drift]
    report = judge(profile, stream(200, seed=3, changes={name: change}))
    drifted = {group for group, each in report.groups.items() if each.state is State.DRIFTED}
    assert drifted == {MODALITIES[name]}
    assert report.signals[TELLS[drift]].state is State.DRIFTED


def test_two_drifts_at_once_are_both_told(profile: ReferenceProfile) -> None:
    changes = {"picture": injections.blurred, "voice": noise_at(10)}
    report = judge(profile, stream(200, seed=4, changes=changes))
    assert {group for group, each in report.groups.items() if each.state is State.DRIFTED} == {"image", "audio"}


def test_an_input_that_stops_coming_is_a_drift_of_its_modality(profile: ReferenceProfile) -> None:
    window = stream(200, seed=5)
    for sample in window[:40]:
        for name in [name for name in sample if name.startswith("voice.")]:
            del sample[name]
    report = judge(profile, window)
    assert report.signals["voice.missing"].state is State.DRIFTED
    assert {group for group, each in report.groups.items() if each.state is State.DRIFTED} == {"audio"}
