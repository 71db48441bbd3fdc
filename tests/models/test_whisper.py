"""Whisper, as it is served, writes down what was said, whole or as a stream."""

import io
import json
from itertools import pairwise
from pathlib import Path

import pytest
import soundfile

from tests.models.conftest import spec_of
from workers.models.spoken_sample import spoken, spoken_sample
from workers.models.whisper import SOURCE
from workers.serving.handlers import make
from workers.serving.hooks import Context
from workers.serving.pipeline import Pipeline
from workers.serving.steps import STEPS
from workers.serving.tensors import BYTES, Tensor

SAID = "The model was rolled back at half past seven."
RATE = 16_000


@pytest.fixture(scope="module")
def handler(whisper_directory: Path):
    manifest = spec_of(whisper_directory, batch_max=1).manifest
    handler = make(whisper_directory, manifest, STEPS)["infer"]
    handler.load(Context(whisper_directory, "cpu", manifest, STEPS))
    return handler


def heard(served: Pipeline, *sounds: bytes) -> list[str]:
    answers = served.run([{"sound": Tensor(BYTES, (), [sound])} for sound in sounds])
    return [answer["text"].elements[0].decode() for answer in answers]


def test_a_spoken_sentence_is_written_down_word_for_word(whisper_served: Pipeline) -> None:
    assert heard(whisper_served, spoken_sample(SAID, RATE)) == [SAID]


def test_two_sounds_in_one_batch_are_kept_apart(whisper_served: Pipeline) -> None:
    said = ["Send two replicas to the second node.", SAID]
    alone = [heard(whisper_served, spoken_sample(each, RATE))[0] for each in said]
    assert heard(whisper_served, *(spoken_sample(each, RATE) for each in said)) == alone


def test_a_stream_grows_word_by_word_to_the_same_text(handler) -> None:
    features = handler.preprocess({"sound": spoken(SAID, RATE)})
    texts = [handler.postprocess(each)["text"] for each in handler.stream(features)]
    assert texts[-1] == SAID and len(set(texts)) > 8
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert handler.postprocess(handler.predict([features])[0])["text"] == SAID


def test_a_stream_closed_in_the_middle_leaves_the_handler_as_it_was(handler) -> None:
    features = handler.preprocess({"sound": spoken(SAID, RATE)})
    stream = handler.stream(features)
    for _ in range(4):
        next(stream)
    stream.close()
    assert handler.postprocess(handler.predict([features])[0])["text"] == SAID


def test_a_recording_of_more_than_30_seconds_is_refused_before_it_is_heard(whisper_served: Pipeline) -> None:
    file = io.BytesIO()
    soundfile.write(file, spoken(SAID, RATE).repeat(12), RATE, format="WAV", subtype="PCM_16")
    (refused,) = whisper_served.run([{"sound": Tensor(BYTES, (), [file.getvalue()])}])
    assert "more than the 30 allowed" in str(refused)


def test_the_artifact_tells_its_licence_and_where_it_is_from(whisper_directory: Path) -> None:
    told = json.loads((whisper_directory / "source.json").read_text())
    assert (told["package"], told["wheel_sha256"]) == (SOURCE.package, SOURCE.wheel_sha256)
    assert "Copyright (c) 2022 OpenAI" in (whisper_directory / "LICENSE").read_text()


def test_the_artifact_asks_for_a_batch_that_a_cpu_can_answer(whisper_directory: Path) -> None:
    stages = spec_of(whisper_directory, batch_max=1).manifest["stages"]
    assert [stage["batch_max"] for stage in stages] == [None, 4, None]


def test_the_pipeline_streams_the_same_events(whisper_served: Pipeline) -> None:
    assert whisper_served.can_stream
    parts = list(whisper_served.stream({"sound": Tensor(BYTES, (), [spoken_sample(SAID, RATE)])}))
    assert parts[-1]["text"].elements == [SAID.encode()]
    assert all(later["text"].elements[0].startswith(part["text"].elements[0]) for part, later in pairwise(parts))
