"""The built-in handlers serve real transformers directories: tiny models, made here with random weights."""

import numpy as np
import pytest
import torch

from tests.serving import tiny_models as tiny
from tests.serving import worlds
from tests.serving.tiny_models import CLASSES, EMBEDDING, IMAGE, LABELS, SOUND, TEXT, WRITTEN, pipeline
from workers.serving.handlers import HandlerMissing, find, make
from workers.serving.hooks import Context
from workers.serving.pipeline import Pipeline
from workers.serving.steps import STEPS
from workers.serving.tensors import BYTES, to_array


@pytest.fixture(autouse=True)
def same_weights_each_time():
    torch.manual_seed(0)
    torch.set_num_threads(1)


TEXTS = tiny.samples("text", b"a good day", b"bad", b"a bad bad day " * 30)
PROMPTS = tiny.samples("text", b"a good day", b"bad", "été à Orléans".encode())
PICTURES = tiny.samples("image", worlds.png((8, 6)), worlds.png((30, 20), "L"))
SOUNDS = tiny.samples("sound", worlds.wav(0.5), worlds.wav(0.3), worlds.wav(0.5))


def case(write, task, inputs, outputs, asked):
    return pytest.param(write, task, inputs, outputs, asked, id=f"{task}-{write.__name__}")


CASES = [
    case(tiny.text_classifier, "text-classification", [worlds.TEXT], CLASSES, TEXTS),
    case(tiny.token_classifier, "token-classification", [worlds.TEXT], tiny.ENTITIES, TEXTS),
    case(tiny.encoder, "feature-extraction", [worlds.TEXT], EMBEDDING, TEXTS),
    case(tiny.sentence_encoder, "feature-extraction", [worlds.TEXT], EMBEDDING, TEXTS),
    case(tiny.gpt2, "text-generation", [worlds.TEXT], WRITTEN, PROMPTS),
    case(tiny.llama, "text-generation", [worlds.TEXT], WRITTEN, PROMPTS),
    case(tiny.bart, "text2text-generation", [worlds.TEXT], WRITTEN, PROMPTS),
    case(tiny.t5, "text2text-generation", [worlds.TEXT], WRITTEN, PROMPTS),
    case(tiny.image_classifier, "image-classification", [IMAGE], CLASSES, PICTURES),
    case(tiny.image_encoder, "image-feature-extraction", [IMAGE], EMBEDDING, PICTURES),
    case(tiny.spectrogram_classifier, "audio-classification", [SOUND], CLASSES, SOUNDS),
    case(tiny.waveform_classifier, "audio-classification", [SOUND], CLASSES, SOUNDS),
    case(tiny.masked_waveform_classifier, "audio-classification", [SOUND], CLASSES, SOUNDS),
    case(tiny.ctc, "automatic-speech-recognition", [SOUND], TEXT, SOUNDS),
    case(tiny.masked_ctc, "automatic-speech-recognition", [SOUND], TEXT, SOUNDS),
    case(tiny.whisper, "automatic-speech-recognition", [SOUND], WRITTEN, SOUNDS),
]
SERVED = pytest.mark.parametrize(("write", "task", "inputs", "outputs", "asked"), CASES)


def assert_same(one, other, name: str) -> None:
    if one[name].datatype == BYTES:
        assert one[name].data == other[name].data
    else:
        np.testing.assert_allclose(to_array(one[name]), to_array(other[name]), atol=1e-5)


@SERVED
def test_every_declared_output_is_given(tmp_path, write, task, inputs, outputs, asked):
    write(tmp_path)
    for answer in pipeline(tmp_path, task, inputs, outputs).run(asked):
        for output in outputs:
            assert answer[output["name"]].shape == tuple(output["shape"][1:])
        if "scores" in answer:
            scores = to_array(answer["scores"])
            assert scores.sum() == pytest.approx(1) and scores.max() == to_array(answer["score"])
            assert answer["label"].data == [LABELS["id2label"][int(scores.argmax())].encode()]


@SERVED
def test_a_neighbour_in_the_batch_does_not_change_an_answer(tmp_path, write, task, inputs, outputs, asked):
    write(tmp_path)
    served = pipeline(tmp_path, task, inputs, outputs)
    together = served.run(asked)
    for sample, answer in zip(asked, together, strict=True):
        (alone,) = served.run([sample])
        assert_same(alone, answer, outputs[-1]["name"])


@SERVED
def test_its_steps_may_stand_apart(tmp_path, write, task, inputs, outputs, asked):
    write(tmp_path)
    fused = pipeline(tmp_path, task, inputs, outputs).run(asked)
    passed = asked
    for step in STEPS:
        passed = pipeline(tmp_path, task, inputs, outputs, [step]).run(passed)
    for one, other in zip(fused, passed, strict=True):
        assert_same(one, other, outputs[-1]["name"])


def test_a_stage_of_any_name_may_predict(tmp_path):
    tiny.encoder(tmp_path)
    stages = [{"name": name, "handler": "builtin:feature-extraction"} for name in ("preprocess", "embed")]
    manifest = {"inputs": [worlds.TEXT], "outputs": EMBEDDING, "stages": stages}
    handlers = make(tmp_path, manifest, ("preprocess", "embed"))
    handlers["embed"].load(Context(tmp_path, "cpu", manifest, ("preprocess", "embed")))
    (answer,) = Pipeline(manifest, handlers, 1).run(TEXTS[:1])
    assert answer["embedding"].shape == (16,)


def test_a_pickled_checkpoint_is_refused(tmp_path):
    tiny.text_classifier(tmp_path)
    weights = tmp_path / "model.safetensors"
    torch.save({"weight": torch.ones(1)}, tmp_path / "pytorch_model.bin")
    weights.unlink()
    with pytest.raises(OSError, match="safetensors"):
        pipeline(tmp_path, "text-classification", [worlds.TEXT], CLASSES)


def test_weights_that_the_task_needs_and_the_artifact_lacks_are_not_made_up(tmp_path):
    tiny.encoder(tmp_path)
    with pytest.raises(ValueError, match=r"no weights for 2 layers .*'classifier\.bias'"):
        pipeline(tmp_path, "text-classification", [worlds.TEXT], CLASSES)


def test_weights_saved_in_half_precision_are_computed_in_whole_precision_on_a_cpu(tmp_path):
    tiny.encoder(tmp_path)
    (whole,) = pipeline(tmp_path, "feature-extraction", [worlds.TEXT], EMBEDDING).run(TEXTS[:1])
    handler = tiny.handler_of(tmp_path, "feature-extraction", worlds.TEXT)
    handler._model.half().save_pretrained(tmp_path)
    (half,) = pipeline(tmp_path, "feature-extraction", [worlds.TEXT], EMBEDDING).run(TEXTS[:1])
    np.testing.assert_allclose(to_array(half["embedding"]), to_array(whole["embedding"]), atol=1e-2)
    assert tiny.handler_of(tmp_path, "feature-extraction", worlds.TEXT)._model.dtype == torch.float32


def test_a_manifest_without_the_right_input_is_refused(tmp_path):
    tiny.text_classifier(tmp_path)
    with pytest.raises(ValueError, match="exactly one text input"):
        pipeline(tmp_path, "text-classification", [IMAGE], CLASSES)


def test_an_unknown_task_is_refused_with_those_that_there_are(tmp_path):
    with pytest.raises(HandlerMissing, match="audio-classification, automatic-speech-recognition, feature-extraction"):
        find(tmp_path, "builtin:mind-reading")
