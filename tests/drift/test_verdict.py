"""What a run says of bad windows, of small ones, and of differences that do not matter."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.drift.rules.correction import benjamini_hochberg, holm
from apps.drift.rules.power import needed
from apps.drift.rules.profile import ReferenceProfile, build
from apps.drift.rules.verdict import Report, State, Strictness, judge
from tests.drift.streams import numbers

RANDOM = np.random.default_rng(0)
MODALITIES = {"picture": "image", "voice": "audio"}
SIGNALS = ("picture.brightness", "picture.sharpness", "voice.pitch", "confidence")
VALUES = st.one_of(
    st.floats(), st.text(max_size=3), st.integers(), st.booleans(), st.none(), st.lists(st.floats(width=32), max_size=4)
)
NAMES = st.sampled_from([*SIGNALS, "picture.embedding", "prediction", "picture.agreement", "new"])
WINDOWS = st.lists(st.dictionaries(NAMES, VALUES), max_size=60)


@pytest.fixture(autouse=True)
def drawn_anew() -> None:
    """No test's samples depend on which others ran before it."""
    RANDOM.bit_generator.state = np.random.default_rng(1).bit_generator.state


def world(count: int) -> list[dict[str, Any]]:
    vectors, classes = RANDOM.normal(size=(count, 4)), RANDOM.choice(["cat", "dog"], count)
    return [
        {**each, "picture.embedding": vectors[place], "prediction": str(classes[place])}
        for place, each in enumerate(numbers(RANDOM, count, SIGNALS))
    ]


PROFILE = build(world(1000), MODALITIES)


def changed(count: int, **values: Any) -> Report:
    """The verdict on a window of the same world in which some signals (dots as underscores) are set or made."""
    window = world(count)
    for sample in window:
        for name, value in values.items():
            sample[name.replace("_", ".")] = value(sample) if callable(value) else value
    return judge(PROFILE, window)


@given(WINDOWS)
def test_no_window_is_too_odd_to_be_judged(window: list[dict[str, Any]]) -> None:
    report = judge(PROFILE, window)
    for each in report.signals.values():
        assert each.measure is None or (0 <= each.measure.p <= 1 and np.isfinite(each.measure.effect))
        assert each.corrected is None or (each.measure is not None and each.measure.p <= each.corrected <= 1)
        assert each.reason


@given(WINDOWS.filter(len), WINDOWS)
def test_no_reference_is_too_odd_to_be_judged_by(reference: list[dict[str, Any]], window: list[dict[str, Any]]) -> None:
    judge(build(reference * 40, MODALITIES), window * 40)


@given(st.permutations(range(80)))
def test_the_order_of_the_samples_does_not_matter(order: list[int]) -> None:
    window = [{**each, "prediction": "cat"} for each in numbers(np.random.default_rng(7), 80, SIGNALS)]
    one, other = judge(PROFILE, window), judge(PROFILE, [window[place] for place in order])
    assert one.signals == other.signals


@pytest.mark.parametrize("count", [0, 1, 10])
def test_an_empty_or_tiny_window_is_not_enough_data_and_never_green(count: int) -> None:
    report = judge(PROFILE, world(count))
    assert report.state is State.NOT_ENOUGH_DATA
    assert {each.state for each in report.groups.values()} == {State.NOT_ENOUGH_DATA}
    assert "at least" in report.groups["image"].reason


def test_a_drifted_group_names_what_drifted_furthest_and_counts_the_rest() -> None:
    names = [f"voice.{name}" for name in ("pitch", "snr", "loudness", "silence", "rate")]
    profile = build(numbers(RANDOM, 1000, names), MODALITIES)
    window = numbers(RANDOM, 1000, names)
    for sample in window:
        for place, name in enumerate(names):
            sample[name] += 1 + place
    reason = judge(profile, window).groups["audio"].reason
    assert [part.partition(":")[0] for part in reason.split("; ")] == [*reversed(names[2:]), "2 more"]


def test_a_tiny_reference_is_not_enough_data_either() -> None:
    report = judge(build(world(20), MODALITIES), world(500))
    assert report.state is State.NOT_ENOUGH_DATA
    assert "the reference has only 20 values" in report.groups["image"].reason


def test_an_empty_profile_is_not_enough_data() -> None:
    assert judge(ReferenceProfile(0, {}, {}), []).state is State.NOT_ENOUGH_DATA


def test_how_many_are_needed_grows_with_the_strictness() -> None:
    assert needed(1000, 0.05 / 20) == 39
    assert (needed(1000, 0.0001) or 0) > (needed(1000, 0.05) or 0)
    assert needed(10, 0.05) is None


def test_a_modality_that_hardly_comes_is_not_called_steady_because_it_keeps_hardly_coming() -> None:
    def rare(count: int) -> list[dict[str, Any]]:
        return [
            {name: value for name, value in each.items() if place % 20 == 0 or not name.startswith("voice.")}
            for place, each in enumerate(world(count))
        ]

    report = judge(build(rare(4000), MODALITIES), rare(200))
    assert report.signals["voice.missing"].state is State.STEADY
    assert report.groups["audio"].state is State.NOT_ENOUGH_DATA
    assert report.groups["image"].state is State.STEADY
    assert report.state is State.NOT_ENOUGH_DATA


def test_a_one_sided_window_is_a_drift_of_the_prediction() -> None:
    report = changed(200, prediction="cat")
    assert report.groups["prediction"].state is State.DRIFTED
    assert {group for group, each in report.groups.items() if each.state is State.DRIFTED} == {"prediction"}


def test_a_class_never_seen_is_a_drift_of_the_prediction() -> None:
    report = changed(200, prediction=lambda sample: "bird" if sample["confidence"] > 1 else sample["prediction"])
    assert report.signals["prediction"].state is State.DRIFTED
    assert report.groups["prediction"].driving[0].signals["prediction"] < 0.01


def test_a_signal_that_has_always_been_constant_is_told_as_constant() -> None:
    profile = build([{**each, "picture.width": 28} for each in world(500)], MODALITIES)
    same, other = ([{**each, "picture.width": width} for each in world(200)] for width in (28, 56))
    assert judge(profile, same).signals["picture.width"].state is State.CONSTANT
    assert judge(profile, other).signals["picture.width"].state is State.DRIFTED


def test_a_signal_that_becomes_constant_is_a_drift() -> None:
    assert changed(200, picture_brightness=0.0).signals["picture.brightness"].state is State.DRIFTED


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "bright", [1.0]])
def test_a_signal_of_no_numbers_is_unusable_and_says_so(value: object) -> None:
    report = changed(200, picture_brightness=value)
    assert report.signals["picture.brightness"].state is State.UNUSABLE
    assert "200 of 200 values are not a number that is finite" in report.groups["image"].reason
    assert report.state is State.UNUSABLE


def test_an_embedding_of_another_length_is_unusable() -> None:
    report = changed(200, picture_embedding=np.ones(5))
    assert "not an embedding of 4 numbers" in report.signals["picture.embedding"].reason


def test_a_few_values_that_are_no_numbers_are_left_out_and_counted() -> None:
    report = changed(200, picture_brightness=lambda s: float("nan") if s["confidence"] > 2 else s["picture.brightness"])
    found = report.signals["picture.brightness"]
    assert found.state is State.STEADY
    assert 0 < found.wrong < 20
    assert found.window + found.wrong == 200


def test_a_signal_that_the_profile_does_not_know_is_told() -> None:
    report = changed(100, picture_smell=1.0)
    assert report.signals["picture.smell"].state is State.UNUSABLE
    assert report.groups["image"].state is State.UNUSABLE


def test_an_input_that_is_gone_is_told_although_nothing_of_it_can_be_tested() -> None:
    window = [{name: value for name, value in each.items() if not name.startswith("voice.")} for each in world(200)]
    report = judge(PROFILE, window)
    assert report.groups["audio"].state is State.DRIFTED
    assert report.signals["voice.pitch"].state is State.NOT_ENOUGH_DATA


def test_many_predictions_do_not_make_a_difference_matter_that_is_too_small_to() -> None:
    def torn(count: int, shift: float) -> list[dict[str, Any]]:
        """About -1 or 1, each moved by a shift that is large beside its noise and small beside the whole spread."""
        sides = RANDOM.choice([-1, 1], count) + RANDOM.normal(0, 0.01, count) + shift
        return [{"confidence": value} for value in sides.tolist()]

    found = judge(build(torn(2000, 0.0), {}), torn(20_000, 0.05)).signals["confidence"]
    assert found.state is State.STEADY
    assert found.corrected is not None and found.corrected < 1e-9
    assert "too little to matter" in found.reason


def test_a_stricter_level_alarms_less() -> None:
    window = [{**each, "confidence": each["confidence"] + 0.3} for each in world(200)]
    states = [judge(PROFILE, window, Strictness(level)).signals["confidence"].state for level in (0.05, 1e-6)]
    assert states == [State.DRIFTED, State.STEADY]


def test_another_correction_may_find_more() -> None:
    window = [{**each, **{name: each[name] + 0.25 for name in SIGNALS}} for each in world(200)]
    strict, lenient = (judge(PROFILE, window, Strictness(correct=way)) for way in (holm, benjamini_hochberg))
    told = [(lenient.signals[name].corrected or 0, strict.signals[name].corrected or 0) for name in SIGNALS]
    assert all(less <= more for less, more in told)
    assert any(less < more for less, more in told)


def test_the_agreement_with_an_input_hidden_is_a_group_of_its_own() -> None:
    found = [{**each, "picture.agreement": 0.1 * float(RANDOM.random())} for each in world(1000)]
    report = judge(build(found, MODALITIES), [{**each, "picture.agreement": 0.9} for each in world(200)])
    assert {group for group, each in report.groups.items() if each.state is State.DRIFTED} == {"agreement"}


def test_a_sample_known_only_by_its_agreement_lacks_the_input() -> None:
    report = judge(PROFILE, [{"picture.agreement": 0.5} for _ in range(200)])
    assert report.signals["picture.missing"].state is State.DRIFTED
