"""The three parts of the data share nothing, and the cache gives back what was made."""

import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest

from workers.training.digits_av.cache import Cache
from workers.training.digits_av.corpus import Part, corpus
from workers.training.digits_av.dataset import Dataset, dataset
from workers.training.digits_av.pairs import pairs

PAIRS_OF_PARTS = list(combinations(Part, 2))


@pytest.mark.parametrize(("one", "other"), PAIRS_OF_PARTS)
def test_no_picture_is_in_two_parts(store: Cache, one: Part, other: Part) -> None:
    mine, theirs = ({picture.tobytes() for picture in corpus(part, store).pictures} for part in (one, other))
    assert mine and theirs
    assert not mine & theirs


@pytest.mark.parametrize(("one", "other"), PAIRS_OF_PARTS)
def test_no_utterance_is_in_two_parts(store: Cache, one: Part, other: Part) -> None:
    mine, theirs = ({sound.tobytes() for sound in corpus(part, store).sounds} for part in (one, other))
    assert mine and theirs
    assert not mine & theirs


@pytest.mark.parametrize("part", Part)
def test_every_part_shows_and_says_every_digit(store: Cache, part: Part) -> None:
    data = corpus(part, store)
    assert set(data.picture_digits) == set(data.sound_digits) == set(range(10))


@pytest.mark.parametrize("part", Part)
def test_every_utterance_fits_into_the_second_the_model_hears(store: Cache, part: Part) -> None:
    assert max(len(sound) for sound in corpus(part, store).sounds) < 8000


def test_a_corpus_made_anew_is_the_one_in_the_cache(store: Cache, tmp_path: object) -> None:
    made = corpus(Part.TRAFFIC, Cache(tmp_path))  # type: ignore[arg-type]
    assert made.sha256() == corpus(Part.TRAFFIC, store).sha256()


def test_the_second_reading_comes_from_the_cache(store: Cache) -> None:
    corpus(Part.TEST, store)
    (entry,) = store.directory.glob("digits-av-test-*.entry")
    written = entry.stat().st_ino  # making it again would put another file in its place
    corpus(Part.TEST, store)
    assert entry.stat().st_ino == written


def test_both_halves_of_a_pair_are_of_its_digit(data: Dataset) -> None:
    for part, samples in ((data.train, data.train_samples), (data.test, data.test_samples)):
        assert np.array_equal(part.picture_digits[samples.pictures], samples.digits)
        assert np.array_equal(part.sound_digits[samples.sounds], samples.digits)


def test_the_same_seed_draws_the_same_pairs_and_another_seed_others(data: Dataset) -> None:
    first, again, other = (pairs(data.test, 50, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.pictures, again.pictures)
    assert np.array_equal(first.sounds, again.sounds)
    assert not np.array_equal(first.sounds, other.sounds)


def test_the_digest_of_a_dataset_changes_with_one_sample_of_one_sound(store: Cache) -> None:
    untouched, touched = dataset(store), dataset(store)
    assert touched.sha256() == untouched.sha256()
    touched.train.sounds[5] = touched.train.sounds[5] + np.int16(1)
    assert touched.sha256() != untouched.sha256()


def test_the_digest_of_a_dataset_changes_when_a_picture_meets_another_sound(store: Cache) -> None:
    data = dataset(store)
    before = data.sha256()
    data.test_samples.sounds[0] += 1
    assert data.sha256() != before


def test_the_data_can_be_used_without_loading_torch() -> None:
    check = "import sys, workers.training.digits_av.dataset; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
