"""A dataset version is what is in it: order, repetition and origin do not change its digest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.ids import new_id
from apps.datasets.rules import Described, digest, merged, name_fault, samples_fault, unlabelled

FILES = st.dictionaries(
    st.sampled_from(["image", "sound"]), st.sampled_from(["a" * 64, "b" * 64, "c" * 64]), min_size=1
)
SAMPLES = st.lists(
    st.builds(
        Described,
        FILES,
        st.sampled_from(["yes", "no"]),
        st.lists(st.sampled_from(["clean", "noisy"]), max_size=2).map(tuple),
    ),
    max_size=12,
)


@given(SAMPLES)
def test_samples_of_the_same_files_are_one(samples: list[Described]) -> None:
    keys = [sample.key for sample in merged(samples)]
    assert keys == sorted(set(keys))
    assert set(keys) == {sample.key for sample in samples}


@given(SAMPLES)
def test_merging_again_changes_nothing(samples: list[Described]) -> None:
    assert merged(merged(samples)) == merged(samples)


@given(SAMPLES)
def test_repeating_everything_changes_no_digest(samples: list[Described]) -> None:
    assert digest(merged(samples + samples)) == digest(merged(samples))


@given(SAMPLES, st.randoms())
def test_the_order_of_samples_that_agree_changes_no_digest(samples: list[Described], random) -> None:
    agreeing = [Described(sample.inputs, "yes", sample.slices) for sample in samples]
    shuffled = random.sample(agreeing, len(agreeing))
    assert digest(merged(shuffled)) == digest(merged(agreeing))


@given(SAMPLES, SAMPLES)
def test_what_is_left_out_is_in_no_way_there(samples: list[Described], others: list[Described]) -> None:
    left_out = {other.key for other in others}
    assert not left_out & {sample.key for sample in merged(samples, left_out)}


def test_of_two_labels_of_the_same_files_the_later_is_right() -> None:
    first, then = Described({"image": "a" * 64}, "6", ("old",)), Described({"image": "a" * 64}, "0", ("new",))
    [found] = merged([first, then])
    assert (found.label, found.slices) == ("0", ("new", "old"))


def test_a_sample_met_twice_remembers_both_predictions_and_that_somebody_declared_it() -> None:
    met = [Described({"image": "a" * 64}, "6", origins=((new_id(), ""),)) for _ in range(2)]
    [found] = merged([*met, Described({"image": "a" * 64}, "6", declared=True)])
    assert found.origins == met[0].origins + met[1].origins
    assert found.declared


def test_a_label_changes_the_digest() -> None:
    assert digest([Described({"image": "a" * 64}, "6")]) != digest([Described({"image": "a" * 64}, "0")])


def test_names_and_samples_that_no_row_can_hold_are_told() -> None:
    assert name_fault("digits-2026") == ""
    assert "lower-case" in name_fault("Digits")
    assert "Sample 1 has no file" in samples_fault([Described({"image": "a" * 64}, "6"), Described({}, "6")])
    assert unlabelled([Described({"image": "a" * 64}, " ")]) == 1


@pytest.mark.parametrize("piece", ["\0", "\ud800"])
def test_texts_that_no_row_can_hold_are_told(piece: str) -> None:
    inputs = {"image": "a" * 64}
    for sample in Described(inputs, piece), Described(inputs, "6", (piece,)), Described({piece: "a" * 64}, "6"):
        assert "half a surrogate pair" in samples_fault([sample])
