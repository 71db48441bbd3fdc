"""Each condition changes what its name says and nothing else."""

import pytest

from workers.training.digits_av.cache import Cache
from workers.training.digits_av.conditions import Condition, under
from workers.training.digits_av.corpus import Part, corpus, newcomers
from workers.training.digits_av.held_out import HeldOutSample, held_out

COUNT = 12


def drawn(condition: Condition, store: Cache, seed: int = 3) -> list[HeldOutSample]:
    return list(under(condition, COUNT, seed, cache_directory=store.directory))


def test_clean_is_the_traffic_as_it_was(store: Cache) -> None:
    assert drawn(Condition.CLEAN, store) == list(held_out(COUNT, 3, store.directory))


def test_blurred_pictures_leave_the_sound_alone(store: Cache) -> None:
    for was, now in zip(drawn(Condition.CLEAN, store), drawn(Condition.BLUR, store), strict=True):
        assert (was.digit, was.wav) == (now.digit, now.wav)
        assert was.png != now.png


@pytest.mark.parametrize("condition", [Condition.NOISE, Condition.VOICES])
def test_another_sound_leaves_the_picture_alone(store: Cache, condition: Condition) -> None:
    for was, now in zip(drawn(Condition.CLEAN, store), drawn(condition, store), strict=True):
        assert (was.digit, was.png) == (now.digit, now.png)
        assert was.wav != now.wav


@pytest.mark.parametrize("condition", Condition)
def test_the_same_seed_gives_the_same_samples(store: Cache, condition: Condition) -> None:
    assert drawn(condition, store) == drawn(condition, store)
    assert drawn(condition, store) != drawn(condition, store, seed=4)


@pytest.mark.parametrize("part", [Part.TEST, Part.TRAFFIC])
def test_newcomers_say_every_digit_and_nothing_that_was_said_before(store: Cache, part: Part) -> None:
    said = newcomers(part, store)
    assert set(said.sound_digits) == set(range(10))
    known = {sound.tobytes() for each in Part for sound in corpus(each, store).sounds}
    assert not known & {sound.tobytes() for sound in said.sounds}
