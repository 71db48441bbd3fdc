"""The built-in handlers serve real transformers directories: tiny models, made here with random weights."""

import numpy as np
import pytest
import torch
from transformers import (
    ASTConfig,
    ASTFeatureExtractor,
    ASTForAudioClassification,
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    BertTokenizerFast,
    ViTConfig,
    ViTForImageClassification,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForSequenceClassification,
)
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from tests.serving import worlds
from workers.serving.handlers import HandlerMissing, find, make
from workers.serving.hooks import Context
from workers.serving.pipeline import Pipeline
from workers.serving.steps import STEPS
from workers.serving.tensors import BYTES, Tensor, to_array

SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
LABELS = {"id2label": {0: "cat", 1: "dog", 2: "owl"}, "label2id": {"cat": 0, "dog": 1, "owl": 2}}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "good", "bad", "day"]
SOUND = worlds.SOUND | {"required": True}
IMAGE = worlds.IMAGE | {"required": True}
CLASSES = [
    {"name": "label", "datatype": "BYTES", "shape": [-1]},
    {"name": "score", "datatype": "FP32", "shape": [-1]},
    {"name": "scores", "datatype": "FP32", "shape": [-1, 3]},
]
EMBEDDING = [{"name": "embedding", "datatype": "FP32", "shape": [-1, 16]}]


@pytest.fixture(autouse=True)
def same_weights_each_time():
    torch.manual_seed(0)
    torch.set_num_threads(1)


def write_tokenizer(directory) -> None:
    vocabulary = {word: place for place, word in enumerate(WORDS)}
    BertTokenizerFast(vocab=vocabulary, model_max_length=32).save_pretrained(directory)


def text_classifier(directory) -> None:
    write_tokenizer(directory)
    BertForSequenceClassification(BertConfig(vocab_size=len(WORDS), **SMALL, **LABELS)).save_pretrained(directory)


def encoder(directory) -> None:
    write_tokenizer(directory)
    BertModel(BertConfig(vocab_size=len(WORDS), **SMALL)).save_pretrained(directory)


def image_classifier(directory) -> None:
    ViTImageProcessorPil(size={"height": 16, "width": 16}).save_pretrained(directory)
    ViTForImageClassification(ViTConfig(image_size=16, patch_size=8, **SMALL, **LABELS)).save_pretrained(directory)


def spectrogram_classifier(directory) -> None:
    ASTFeatureExtractor(sampling_rate=8000, num_mel_bins=16, max_length=64).save_pretrained(directory)
    config = ASTConfig(num_mel_bins=16, max_length=64, patch_size=8, **SMALL, **LABELS)
    ASTForAudioClassification(config).save_pretrained(directory)


def waveform_classifier(directory) -> None:
    Wav2Vec2FeatureExtractor(sampling_rate=8000).save_pretrained(directory)
    layers = {"conv_dim": (16, 16), "conv_stride": (5, 4), "conv_kernel": (10, 8), "num_conv_pos_embeddings": 4}
    config = Wav2Vec2Config(**SMALL, **LABELS, **layers, num_conv_pos_embedding_groups=2, classifier_proj_size=8)
    Wav2Vec2ForSequenceClassification(config).save_pretrained(directory)


def pipeline(directory, task: str, inputs: list, outputs: list, steps=STEPS) -> Pipeline:
    stages = [{"name": step, "handler": f"builtin:{task}"} for step in STEPS]
    manifest = {"inputs": inputs, "outputs": outputs, "stages": stages}
    handlers = make(directory, manifest, steps)
    for handler in {id(each): each for each in handlers.values()}.values():
        handler.load(Context(directory, "cpu", manifest, tuple(steps)))
    return Pipeline(manifest, handlers, 8)


def samples(name: str, *raw: bytes) -> list[dict[str, Tensor]]:
    return [{name: Tensor(BYTES, (), [each])} for each in raw]


TEXTS = samples("text", b"a good day", b"bad", b"a bad bad day " * 30)
PICTURES = samples("image", worlds.png((8, 6)), worlds.png((30, 20), "L"))
SOUNDS = samples("sound", worlds.wav(0.5), worlds.wav(0.3), worlds.wav(0.5))

CASES = [
    pytest.param(text_classifier, "text-classification", [worlds.TEXT], CLASSES, TEXTS, id="text-classification"),
    pytest.param(encoder, "feature-extraction", [worlds.TEXT], EMBEDDING, TEXTS, id="feature-extraction"),
    pytest.param(image_classifier, "image-classification", [IMAGE], CLASSES, PICTURES, id="image-classification"),
    pytest.param(spectrogram_classifier, "audio-classification", [SOUND], CLASSES, SOUNDS, id="audio-spectrogram"),
    pytest.param(waveform_classifier, "audio-classification", [SOUND], CLASSES, SOUNDS, id="audio-waveform"),
]


@pytest.mark.parametrize(("write", "task", "inputs", "outputs", "asked"), CASES)
def test_every_declared_output_is_given(tmp_path, write, task, inputs, outputs, asked):
    write(tmp_path)
    for answer in pipeline(tmp_path, task, inputs, outputs).run(asked):
        for output in outputs:
            assert answer[output["name"]].shape == tuple(output["shape"][1:])
        if "scores" in answer:
            scores = to_array(answer["scores"])
            assert scores.sum() == pytest.approx(1) and scores.max() == to_array(answer["score"])
            assert answer["label"].data == [LABELS["id2label"][int(scores.argmax())].encode()]


@pytest.mark.parametrize(("write", "task", "inputs", "outputs", "asked"), CASES)
def test_a_neighbour_in_the_batch_does_not_change_an_answer(tmp_path, write, task, inputs, outputs, asked):
    write(tmp_path)
    served = pipeline(tmp_path, task, inputs, outputs)
    together = served.run(asked)
    for sample, answer in zip(asked, together, strict=True):
        (alone,) = served.run([sample])
        name = outputs[-1]["name"]
        np.testing.assert_allclose(to_array(alone[name]), to_array(answer[name]), atol=1e-5)


@pytest.mark.parametrize(("write", "task", "inputs", "outputs", "asked"), CASES)
def test_its_steps_may_stand_apart(tmp_path, write, task, inputs, outputs, asked):
    write(tmp_path)
    fused = pipeline(tmp_path, task, inputs, outputs).run(asked)
    passed = asked
    for step in STEPS:
        passed = pipeline(tmp_path, task, inputs, outputs, [step]).run(passed)
    name = outputs[-1]["name"]
    for one, other in zip(fused, passed, strict=True):
        np.testing.assert_allclose(to_array(one[name]), to_array(other[name]), atol=1e-6)


def test_a_pickled_checkpoint_is_refused(tmp_path):
    text_classifier(tmp_path)
    weights = tmp_path / "model.safetensors"
    torch.save({"weight": torch.ones(1)}, tmp_path / "pytorch_model.bin")
    weights.unlink()
    with pytest.raises(OSError, match="safetensors"):
        pipeline(tmp_path, "text-classification", [worlds.TEXT], CLASSES)


def test_a_manifest_without_the_right_input_is_refused(tmp_path):
    text_classifier(tmp_path)
    with pytest.raises(ValueError, match="exactly one text input"):
        pipeline(tmp_path, "text-classification", [IMAGE], CLASSES)


def test_an_unknown_task_is_refused_with_those_that_there_are(tmp_path):
    with pytest.raises(HandlerMissing, match="audio-classification, feature-extraction"):
        find(tmp_path, "builtin:mind-reading")
