"""The worlds that streams are drawn from: samples as they were when the reference was made, and after each drift.

All samples of a world are drawn from the same held-out data, which the model was not trained on, so an undrifted stream
really is undrifted. The voices and the pictures are those of the demo; the sentences are Django's messages.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from bench.drift.messages import Message, messages
from bench.drift.model import Model, heard, seen
from workers.serving.media import Video
from workers.signals import describe
from workers.training import injections
from workers.training.digits_av.cache import Cache
from workers.training.digits_av.clips import FRAME_RATE, FRAMES, trembling
from workers.training.digits_av.corpus import Corpus, Part, corpus
from workers.training.digits_av.pairs import pairs
from workers.training.digits_av.speech import Phrase
from workers.training.digits_av.utterances import SAMPLE_RATE, WORDS, utterances
from workers.training.injections import Random, frames_of, noise_at

Sample = Mapping[str, Any]
_BEFORE, _AFTER = 2400, 800
_PARTS = ("admin", "conf")  # those that say most
_OTHER_VOICES = ("en-gb-scotland+m6", "en-029+klatt", "en-gb-scotland+croak", "en-029+f4", "en-us+klatt3")


@dataclass(frozen=True, eq=False)
class Population:
    """Samples to draw from, and how many of them the model gets right, 0 to 1; `without` one input, by its modality."""

    samples: Sequence[Sample]
    accuracy: float
    without: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class World:
    """`drifts` holds, by name, the group that should be told and the samples from then on."""

    name: str
    modalities: Mapping[str, str]
    before: Population
    drifts: Mapping[str, tuple[str, Population]]


@dataclass(frozen=True, eq=False)
class _Pairs:
    pictures: list[np.ndarray]  # uint8 (28, 28)
    sounds: list[np.ndarray]  # float32 (t,)
    digits: np.ndarray


def digits(model: Model, store: Cache) -> World:
    """Pictures and sounds of digits."""

    def population(count: int, seed: int, picture: Any = None, sound: Any = None) -> Population:
        random = np.random.default_rng(seed)
        drawn = _drawn(data, count, seed)
        shown = _changed(drawn.pictures, picture, random)
        said = _changed(drawn.sounds, sound, random)
        return _described(
            model, shown, said, [seen(one) | heard(other) for one, other in zip(shown, said, strict=True)], drawn
        )

    data = _held_out(store)
    strangers = _other_voices()
    pictures = {
        "blurred": injections.blurred,
        "noisy": injections.noisy,
        "flat": injections.flat,
        "dark": injections.dark,
    }
    drifts = {
        f"{name} pictures": ("image", population(_AFTER, seed, picture=change))
        for seed, (name, change) in enumerate(pictures.items(), start=2)
    }
    drifts |= {
        "noise in the sound": ("audio", population(_AFTER, 6, sound=noise_at(15))),
        "a third of the sounds is silence": ("audio", population(_AFTER, 7, sound=injections.muted)),
        "other voices": ("audio", _strange(model, data, strangers)),
        "sounds of other pictures": ("agreement", _mismatched(model, data)),
    }
    return World("pictures and sounds", {"picture": "image", "sound": "audio"}, population(_BEFORE, 1), drifts)


def _described(
    model: Model, pictures: list[np.ndarray], sounds: list[np.ndarray], signals: list[dict[str, Any]], drawn: _Pairs
) -> Population:
    told = model.samples(pictures, sounds)
    right = [WORDS[digit] for digit in drawn.digits]
    samples = [one | other for one, other in zip(signals, told, strict=True)]
    without = {
        "image": _share(model.words(None, sounds), right),
        "audio": _share(model.words(pictures, None), right),
    }
    return Population(samples, _share([each["prediction"] for each in told], right), without)


def _share(said: Sequence[str], right: Sequence[str]) -> float:
    return float(np.mean([one == other for one, other in zip(said, right, strict=True)]))


def _plain(model: Model, drawn: _Pairs) -> Population:
    signals = [seen(one) | heard(other) for one, other in zip(drawn.pictures, drawn.sounds, strict=True)]
    return _described(model, drawn.pictures, drawn.sounds, signals, drawn)


def _held_out(store: Cache) -> Corpus:
    """All that no training has met."""
    test, traffic = corpus(Part.TEST, store), corpus(Part.TRAFFIC, store)
    return Corpus(
        np.concatenate([test.pictures, traffic.pictures]),
        np.concatenate([test.picture_digits, traffic.picture_digits]),
        test.sounds + traffic.sounds,
        np.concatenate([test.sound_digits, traffic.sound_digits]),
    )


def _drawn(data: Corpus, count: int, seed: int) -> _Pairs:
    drawn = pairs(data, count, seed)
    sounds = [data.sounds[place].astype(np.float32) / 32768 for place in drawn.sounds]
    return _Pairs([data.pictures[place] for place in drawn.pictures], sounds, drawn.digits)


def _changed(media: list[Any], change: Callable[[Any, Random], Any] | None, random: Random) -> list[Any]:
    return [change(each, random) for each in media] if change else media


def _other_voices() -> tuple[list[np.ndarray], np.ndarray]:
    """int16 sounds of voices that are not in the data, and their digits."""
    random = np.random.default_rng(0)
    said = [
        Phrase(word, voice, int(random.integers(120, 230)), int(random.integers(20, 80)), int(random.integers(20, 80)))
        for voice in _OTHER_VOICES
        for word in WORDS
        for _ in range(10)
    ]
    spoken = list(utterances(said))
    return [each.samples for each in spoken], np.array([each.digit for each in spoken])


def _strange(model: Model, data: Corpus, strangers: tuple[list[np.ndarray], np.ndarray]) -> Population:
    return _plain(model, _drawn(Corpus(data.pictures, data.picture_digits, *strangers), _AFTER, 8))


def _mismatched(model: Model, data: Corpus) -> Population:
    """The sounds come one sample too late, as where two queues are out of step: each is of another picture."""
    drawn = _drawn(data, _AFTER, 9)
    return _plain(model, _Pairs(drawn.pictures, [*drawn.sounds[1:], drawn.sounds[0]], drawn.digits))


def clips(model: Model, store: Cache) -> World:
    """Talking digits: videos with their sound, the model asked with the mean of the frames."""

    def population(count: int, seed: int, change: Any = None) -> Population:
        drawn, random = _drawn(data, count, seed), np.random.default_rng(seed)
        videos = [
            _video(picture, sound, number)
            for number, (picture, sound) in enumerate(zip(drawn.pictures, drawn.sounds, strict=True))
        ]
        shown = _changed(videos, change, random)
        means = [each.frames.mean(axis=0).astype(np.uint8) for each in shown]
        signals = [dict(describe("clip", "video", each)) for each in shown]
        return _described(model, means, drawn.sounds, signals, drawn)

    data = _held_out(store)
    drifts = {
        "dropped frames": ("video", population(_AFTER, 12, injections.dropping)),
        "blurred clips": ("video", population(_AFTER, 13, frames_of(injections.blurred))),
        "dark clips": ("video", population(_AFTER, 14, frames_of(injections.dark))),
    }
    return World("videos", {"clip": "video"}, population(_BEFORE // 2, 11), drifts)


def _video(picture: np.ndarray, sound: np.ndarray, seed: int) -> Video:
    return Video(trembling(picture, seed), np.arange(FRAMES) / FRAME_RATE, FRAMES / FRAME_RATE, sound, 0.0, SAMPLE_RATE)


def texts() -> World:
    """Sentences, and a small model that tells from which of two parts of Django one is."""
    found = [each for each in messages("de") if each.part in _PARTS]
    known, held = found[::2], found[1::2]
    signals = [dict(describe("text", "text", each.english)) for each in known]
    vectors = [each["text.embedding"] for each in signals]
    model = LogisticRegression(C=30, max_iter=1000).fit(vectors, _parts(known))
    followed = [f"{one.english} {other.english}" for one, other in pairwise(held)]
    drifts = {
        "another language": ("text", _sorted_out(model, [each.other for each in held], held)),
        "longer texts": ("text", _sorted_out(model, followed, held[:-1])),
    }
    return World("texts", {"text": "text"}, _sorted_out(model, [each.english for each in held], held), drifts)


def rarities() -> World:
    """Made up, of what is mostly rare: many classes, and vectors of numbers that are seldom not nought or seldom large.
    Few samples have met little of it."""
    random = np.random.default_rng(0)
    bits, wild = random.random((_BEFORE, 64)) < 0.02, np.exp(1.5 * random.normal(size=(_BEFORE, 48)))
    classes, lengths = random.zipf(1.5, _BEFORE) % 1000, random.geometric(0.02, _BEFORE)
    names = ("text.embedding", "text.topics", "text.length", "prediction", "confidence")
    columns = (bits.astype(np.float32), wild, lengths.tolist(), map(str, classes), random.beta(8, 1, _BEFORE).tolist())
    samples = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    return World("rarities", {"text": "text"}, Population(samples, 1.0), {})


def _parts(found: Sequence[Message]) -> list[str]:
    return [each.part for each in found]


def _sorted_out(model: Any, sentences: Sequence[str], found: Sequence[Message]) -> Population:
    signals = [dict(describe("text", "text", each)) for each in sentences]
    scores = model.predict_proba([each["text.embedding"] for each in signals])
    told = [str(model.classes_[place]) for place in scores.argmax(axis=1)]
    samples = [
        each | {"prediction": part, "confidence": float(score.max())}
        for each, part, score in zip(signals, told, scores, strict=True)
    ]
    return Population(samples, float(np.mean([one == other for one, other in zip(told, _parts(found), strict=True)])))
