"""A transformers directory says what it is in its config."""

from typing import Any

import pytest
import transformers
from hypothesis import given
from hypothesis import strategies as st

from apps.registry.errors import BadManifest
from apps.registry.rules.infer_manifest import manifest_infer
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


@pytest.mark.parametrize("architecture", sorted({row[0] for row in SERVED}))
def test_the_architecture_is_one_of_transformers(architecture: str) -> None:
    assert hasattr(transformers, architecture)


def test_the_labels_tell_how_many_scores() -> None:
    manifest = infer(architectures=["ViTForImageClassification"], id2label={"0": "a", "1": "b", "2": "c"})

    assert manifest["outputs"][1] == {"name": "scores", "datatype": "FP32", "shape": [-1, 3]}


def test_the_preprocessor_tells_the_sample_rate() -> None:
    manifest = infer({"sampling_rate": 8000}, architectures=["ASTForAudioClassification"])

    assert manifest["inputs"][0]["sample_rate"] == 8000


def test_a_text_model_has_a_sample_to_warm_up_with() -> None:
    assert infer(architectures=["BertModel"], hidden_size=32)["samples"]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"architectures": []},
        {"architectures": "BertModel"},
        {"architectures": ["BertModel", "BertForMaskedLM"]},
        {"architectures": ["LlamaForCausalLM"]},
        {"architectures": ["ViTModel"]},
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
