"""A transformers directory says what it is in its config."""

from typing import Any

import pytest
import transformers
from hypothesis import given
from hypothesis import strategies as st

from apps.registry.errors import BadManifest
from apps.registry.rules.infer_manifest import _TASKS, manifest_infer
from apps.registry.rules.manifest import manifest_normalise

SERVED = [
    ("BertForSequenceClassification", "bert", "text-classification", "text"),
    ("DistilBertForSequenceClassification", "distilbert", "text-classification", "text"),
    ("BertModel", "bert", "feature-extraction", "text"),
    ("ViTForImageClassification", "vit", "image-classification", "image"),
    ("ResNetForImageClassification", "resnet", "image-classification", "image"),
    ("ASTForAudioClassification", "audio-spectrogram-transformer", "audio-classification", "audio"),
    ("Wav2Vec2ForSequenceClassification", "wav2vec2", "audio-classification", "audio"),
    ("WhisperForAudioClassification", "whisper", "audio-classification", "audio"),
    ("BertForTokenClassification", "bert", "token-classification", "text"),
    ("GPT2LMHeadModel", "gpt2", "text-generation", "text"),
    ("LlamaForCausalLM", "llama", "text-generation", "text"),
    ("T5ForConditionalGeneration", "t5", "text2text-generation", "text"),
    ("BartForConditionalGeneration", "bart", "text2text-generation", "text"),
    ("MarianMTModel", "marian", "text2text-generation", "text"),
    ("ViTModel", "vit", "image-feature-extraction", "image"),
    ("Dinov2Model", "dinov2", "image-feature-extraction", "image"),
    ("WhisperForConditionalGeneration", "whisper", "automatic-speech-recognition", "audio"),
    ("Wav2Vec2ForCTC", "wav2vec2", "automatic-speech-recognition", "audio"),
]


def infer(preprocessor: dict[str, Any] | None = None, **config: Any) -> dict[str, Any]:
    return manifest_normalise(manifest_infer("mine", config, preprocessor or {}))


@pytest.mark.parametrize(("architecture", "model_type", "task", "modality"), SERVED)
def test_an_architecture_tells_the_task_and_the_modality(
    architecture: str, model_type: str, task: str, modality: str
) -> None:
    manifest = infer(architectures=[architecture], model_type=model_type)

    assert (manifest["name"], manifest["task"]) == ("mine", task)
    assert manifest["inputs"][0]["modality"] == modality
    assert {stage["handler"] for stage in manifest["stages"]} == {f"builtin:{task}"}


@pytest.mark.parametrize("architecture", sorted({row[0] for row in SERVED} | set(_TASKS)))
def test_the_architecture_is_one_of_transformers(architecture: str) -> None:
    assert hasattr(transformers, architecture)


def test_the_labels_tell_how_many_scores() -> None:
    manifest = infer(architectures=["ViTForImageClassification"], id2label={"0": "a", "1": "b", "2": "c"})

    scores = {"name": "scores", "datatype": "FP32", "shape": [-1, 3], "role": None, "classes": None}
    assert manifest["outputs"][1] == scores


def test_the_preprocessor_tells_the_sample_rate() -> None:
    manifest = infer({"sampling_rate": 8000}, architectures=["ASTForAudioClassification"])

    assert manifest["inputs"][0]["sample_rate"] == 8000


def test_a_model_that_hears_a_window_takes_no_longer_sound() -> None:
    manifest = infer({"sampling_rate": 16000, "chunk_length": 30}, architectures=["WhisperForConditionalGeneration"])

    assert manifest["inputs"][0]["max_seconds"] == 30


def test_a_model_that_writes_may_be_asked_for_fewer_tokens() -> None:
    text, wish = infer(architectures=["GPT2LMHeadModel"])["inputs"]

    assert text["required"] and not wish["required"]
    assert (wish["name"], wish["datatype"], wish["shape"]) == ("max_new_tokens", "INT64", [-1])


def test_a_text_model_has_a_sample_to_warm_up_with() -> None:
    assert infer(architectures=["BertModel"], hidden_size=32)["samples"]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"architectures": []},
        {"architectures": "BertModel"},
        {"architectures": ["BertModel", "BertForMaskedLM"]},
        {"architectures": ["BertForMaskedLM"]},
        {"architectures": ["LlavaForConditionalGeneration"]},
        {"architectures": ["CLIPModel"]},
        {"architectures": ["Wav2Vec2ForTokenClassification"], "model_type": "wav2vec2"},
    ],
)
def test_others_are_refused_with_the_remedy(config: dict[str, Any]) -> None:
    with pytest.raises(BadManifest) as raised:
        infer(**config)
    assert "model.yaml" in raised.value.remedy


ANYTHING = st.none() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)


@given(st.sampled_from([row[0] for row in SERVED]), ANYTHING, ANYTHING, ANYTHING)
def test_no_config_breaks_the_reader(architecture: str, labels: Any, hidden: Any, rate: Any) -> None:
    try:
        infer({"sampling_rate": rate}, architectures=[architecture], id2label=labels, hidden_size=hidden)
    except BadManifest as error:
        assert error.message
