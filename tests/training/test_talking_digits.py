"""The model asked with videos, through the registry's inspection and a replica's own pipeline."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from apps.registry.rules.manifest import manifest_normalise
from tests.serving import clips
from tests.training.conftest import Context
from tests.training.hosted import digits, hosted, inspected
from workers.serving import media
from workers.serving.media import Video
from workers.serving.pipeline import Pipeline
from workers.serving.routing import InputSpec
from workers.serving.steps import STEPS
from workers.serving.tensors import BYTES, Sample, Tensor, to_array
from workers.training.digits_av.artifact.digits_av import load_model, log_mel
from workers.training.digits_av.artifact.talking_digits import TalkingDigitsHandler, brightest_second
from workers.training.digits_av.cache import Cache
from workers.training.digits_av.clips import TalkingDigit, talking_digits, trembling, video_file
from workers.training.digits_av.corpus import Corpus, Part, corpus
from workers.training.digits_av.evaluate_clips import evaluate_clips
from workers.training.digits_av.flavours import CLIPS
from workers.training.digits_av.package import package

COUNT = 50


@pytest.fixture(scope="module")
def talking(artifact: Path, cache_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained model once more, as the artifact that takes videos."""
    directory = tmp_path_factory.mktemp("clips") / "talking-digits"
    model = load_model(artifact)
    measured = evaluate_clips(model, talking_digits(Part.TEST, 20, cache_directory=cache_directory))
    package(directory, model, measured, list(clips.talking(3, 1, cache_directory)), CLIPS)
    return directory


@pytest.fixture(scope="module")
def manifest(talking: Path) -> dict[str, Any]:
    """As the registry keeps it and hands it to replicas."""
    return manifest_normalise(inspected(talking).manifest)


@pytest.fixture(scope="module")
def replica(talking: Path, manifest: dict[str, Any]) -> Pipeline:
    return hosted(talking, manifest, *STEPS)


@pytest.fixture(scope="module")
def held_out(cache_directory: Path) -> list[TalkingDigit]:
    return list(clips.talking(COUNT, 7, cache_directory))


@pytest.fixture(scope="module")
def traffic(store: Cache) -> Corpus:
    return corpus(Part.TRAFFIC, store)


def request(file: bytes) -> Sample:
    return {"clip": Tensor(BYTES, (), [file])}


def right(replica: Pipeline, sent: list[TalkingDigit]) -> int:
    answers = digits(replica.run([request(each.file) for each in sent]))
    return sum(answer == each.digit for answer, each in zip(answers, sent, strict=True))


def speech(data: Corpus, digit: int, which: int = 0) -> np.ndarray:
    return data.sounds[np.flatnonzero(data.sound_digits == digit)[which]].astype(np.float32) / 32768


def picture(data: Corpus, digit: int) -> np.ndarray:
    return data.pictures[np.flatnonzero(data.picture_digits == digit)[0]]


def test_a_replica_knows_nearly_all_talking_digits(replica: Pipeline, held_out: list[TalkingDigit]) -> None:
    assert right(replica, held_out) >= 0.9 * COUNT


def test_it_knows_them_in_webm_too(replica: Pipeline, cache_directory: Path) -> None:
    assert right(replica, list(clips.talking(20, 7, cache_directory, "webm"))) >= 18


def test_a_clip_without_sound_is_answered_from_its_frames(replica: Pipeline, traffic: Corpus) -> None:
    sent = [
        TalkingDigit(int(digit), video_file("mp4", trembling(shown, 1), np.arange(10) / 10))
        for shown, digit in zip(traffic.pictures[:COUNT], traffic.picture_digits, strict=False)
    ]
    assert right(replica, sent) >= 0.8 * COUNT


def test_a_clip_that_shows_nothing_is_answered_from_its_sound(replica: Pipeline, traffic: Corpus) -> None:
    dark = np.zeros((10, 112, 112, 3), np.uint8)
    spoken = [(digit, speech(traffic, digit, which)) for digit in range(10) for which in range(3)]
    sent = [TalkingDigit(digit, video_file("mp4", dark, np.arange(10) / 10, word)) for digit, word in spoken]
    assert right(replica, sent) >= 24  # of 30; by chance 3


def test_stages_hosted_apart_answer_as_the_whole_pipeline_does(
    talking: Path, manifest: dict[str, Any], replica: Pipeline, held_out: list[TalkingDigit]
) -> None:
    samples: list[Any] = [request(each.file) for each in held_out[:12]]
    passed_on = samples
    for step in STEPS:
        passed_on = hosted(talking, manifest, step).run(passed_on)
    assert digits(passed_on) == digits(replica.run(samples))


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_a_word_that_the_container_puts_later_is_found_by_its_timestamps(
    kind: str, manifest: dict[str, Any], traffic: Corpus
) -> None:
    """Five is shown from 2 to 3 seconds; the track of sound begins at 2 with "five", and "eight" follows at 4.

    By position in the arrays, the frames of five and "eight" would belong together.
    """
    five, eight = speech(traffic, 5), speech(traffic, 8)
    sound = np.zeros(3 * 8000, np.float32)
    sound[: len(five)], sound[2 * 8000 :][: len(eight)] = five, eight
    dark = np.zeros((20, 112, 112, 3), np.uint8)
    frames = np.concatenate([dark, trembling(picture(traffic, 5), 1), dark])
    file = video_file(kind, frames, np.arange(50) / 10, sound, sound_start=2.0)
    heard = TalkingDigitsHandler().preprocess({"clip": decoded(manifest, file)})["mel"]
    distance = {name: np.abs(heard - log_mel(word).numpy()).mean() for name, word in (("5", five), ("8", eight))}
    assert distance["5"] < 0.5 * distance["8"]


def decoded(manifest: dict[str, Any], file: bytes) -> Video:
    video = media.decode(msgspec.convert(manifest["inputs"][0], InputSpec), file)
    assert isinstance(video, Video)
    return video


def test_a_shifted_clip_is_answered_as_the_unshifted_one(replica: Pipeline, traffic: Corpus) -> None:
    shown, word = trembling(picture(traffic, 3), 1), speech(traffic, 3)
    still, shifted = (
        replica.run([request(video_file("webm", shown, np.arange(10) / 10 + late, word, late))])[0]
        for late in (0.0, 3.0)
    )
    assert to_array(shifted["scores"]) == pytest.approx(to_array(still["scores"]), abs=0.02)


def test_the_sound_of_another_moment_is_not_heard(manifest: dict[str, Any], traffic: Corpus) -> None:
    file = video_file("mp4", trembling(picture(traffic, 3), 1), np.arange(10) / 10, speech(traffic, 3), sound_start=2.0)
    assert "mel" not in TalkingDigitsHandler().preprocess({"clip": decoded(manifest, file)})


def test_a_clip_that_is_dark_and_silent_is_the_callers_fault(replica: Pipeline) -> None:
    file = video_file("mp4", np.zeros((5, 112, 112, 3), np.uint8), np.arange(5) / 10)
    [error] = replica.run([request(file)])
    assert "dark and silent" in str(error)


def test_the_brightest_second_begins_at_a_frame() -> None:
    frames = np.zeros((40, 2, 2, 3), np.uint8)
    frames[17:27] = 200
    assert brightest_second(frames, np.arange(40) / 10) == pytest.approx(1.7)


def test_a_mixed_batch_gives_each_clip_the_answer_it_gets_alone(
    talking: Path, manifest: dict[str, Any], held_out: list[TalkingDigit]
) -> None:
    handler = TalkingDigitsHandler()
    handler.load(Context(talking))
    features = [handler.preprocess({"clip": decoded(manifest, each.file)}) for each in held_out[:4]]
    del features[1]["mel"], features[2]["pixels"]
    features[3]["pixels"] = features[3]["pixels"][:2]
    for together, each in zip(handler.predict(features), features, strict=True):
        [alone] = handler.predict([each])
        np.testing.assert_allclose(together["logits"], alone["logits"], atol=1e-4)


def test_the_same_model_and_clips_give_the_same_bytes(tmp_path: Path, artifact: Path, cache_directory: Path) -> None:
    model, made = load_model(artifact), list(clips.talking(2, 1, cache_directory))
    for name in ("one", "two"):
        package(tmp_path / name, model, evaluate_clips(model, made), made, CLIPS)
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.*")} for name in ("one", "two"))
    assert one.keys() == two.keys() > {"talking_digits.py", "digits_av.py", "model.safetensors"}
    assert [name for name in one if one[name] != two[name]] == []


def test_what_was_measured_on_clips_is_told(talking: Path, manifest: dict[str, Any]) -> None:
    assert manifest["metrics"]["samples"] == 20
    assert manifest["metrics"]["accuracy"] >= 0.9
