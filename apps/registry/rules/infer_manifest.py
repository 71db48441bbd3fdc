"""A manifest for a transformers directory that brings none: its config says what it is."""

from collections.abc import Mapping
from typing import Any

from apps.registry.errors import BadManifest
from apps.registry.rules.manifest import Manifest, manifest_build
from apps.registry.rules.stages import HOOK_BY_NAME

_REMEDY = "Add a model.yaml that says what goes in and what comes out."
_DEFAULT_RATE = 16_000
#: Kinds of model that hear, though their heads are named as those of text are.
_SPEECH = ("wav2vec2", "hubert", "wavlm", "sew", "unispeech", "whisper", "audio-spectrogram", "data2vec-audio")

#: What an architecture's name ends in, where the end tells the task.
_BY_ENDING = {
    "ForImageClassification": "image-classification",
    "ForAudioClassification": "audio-classification",
    "ForCTC": "automatic-speech-recognition",
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForCausalLM": "text-generation",
}
#: Architectures by task, where the whole name must tell.
_BY_NAME = {
    "feature-extraction": (
        *("AlbertModel", "BertModel", "CamembertModel", "DebertaModel", "DebertaV2Model", "DistilBertModel"),
        *("ElectraModel", "ErnieModel", "ModernBertModel", "MPNetModel", "NomicBertModel", "RobertaModel"),
        "XLMRobertaModel",
    ),
    "image-feature-extraction": ("ViTModel", "DeiTModel", "Dinov2Model", "Dinov2WithRegistersModel"),
    "text-generation": ("GPT2LMHeadModel", "OpenAIGPTLMHeadModel"),
    "text2text-generation": (
        *("BartForConditionalGeneration", "LEDForConditionalGeneration", "LongT5ForConditionalGeneration"),
        *("M2M100ForConditionalGeneration", "MBartForConditionalGeneration", "MT5ForConditionalGeneration"),
        *("PegasusForConditionalGeneration", "T5ForConditionalGeneration", "UMT5ForConditionalGeneration"),
        "MarianMTModel",
    ),
    "automatic-speech-recognition": ("WhisperForConditionalGeneration",),
}
_TASKS = {architecture: task for task, architectures in _BY_NAME.items() for architecture in architectures}

_BYTES = {"datatype": "BYTES", "shape": [-1]}
_WHOLE_NUMBER = {"datatype": "INT64", "shape": [-1]}


def manifest_infer(name: str, config: Mapping[str, Any], preprocessor: Mapping[str, Any]) -> Manifest:
    """The manifest of a transformers model from its config.json and, for sound, its preprocessor_config.json.

    Raises BadManifest when the architecture is none that a built-in handler serves.
    """
    architecture = _architecture(config)
    task = _task(architecture, str(config.get("model_type", "")))
    if task is None:
        raise BadManifest(f"No built-in handler serves the architecture '{architecture}'.", remedy=_REMEDY)
    inputs = _inputs(task, architecture, preprocessor)
    data = {
        "format": 1,
        "name": name,
        "task": task,
        "description": f"{architecture}, as its config.json describes it.",
        "inputs": inputs,
        "outputs": _outputs(task, architecture, config),
        "stages": [{"name": stage, "handler": f"builtin:{task}"} for stage in HOOK_BY_NAME],
        "samples": [{"text": "A sentence to warm up with."}] if inputs[0]["modality"] == "text" else [],
    }
    return manifest_build(data)


def _architecture(config: Mapping[str, Any]) -> str:
    listed = config.get("architectures")
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], str):
        raise BadManifest("There is no model.yaml, and config.json does not name one architecture.", remedy=_REMEDY)
    return listed[0][:100]


def _task(architecture: str, model_type: str) -> str | None:
    ended = next((task for ending, task in _BY_ENDING.items() if architecture.endswith(ending)), None)
    if model_type.startswith(_SPEECH) and ended in ("text-classification", "token-classification"):
        return "audio-classification" if ended == "text-classification" else None
    return ended or _TASKS.get(architecture)


def _inputs(task: str, architecture: str, preprocessor: Mapping[str, Any]) -> list[dict[str, Any]]:
    if task.startswith("image"):
        return [{"name": "image", "modality": "image", **_BYTES}]
    if task in ("audio-classification", "automatic-speech-recognition"):
        return [_sound(architecture, preprocessor)]
    text = {"name": "text", "modality": "text", **_BYTES}
    wish = {"name": "max_new_tokens", "modality": "tensor", **_WHOLE_NUMBER, "required": False}
    return [text, wish] if task in ("text-generation", "text2text-generation") else [text]


def _sound(architecture: str, preprocessor: Mapping[str, Any]) -> dict[str, Any]:
    """At the extractor's rate and, where a model hears a fixed window, no longer than that."""
    rate = preprocessor.get("sampling_rate", _DEFAULT_RATE)
    sound = {"name": "sound", "modality": "audio", "sample_rate": rate, **_BYTES}
    if architecture == "WhisperForConditionalGeneration":
        sound["max_seconds"] = preprocessor.get("chunk_length", 30)
    return sound


def _outputs(task: str, architecture: str, config: Mapping[str, Any]) -> list[dict[str, Any]]:
    if task.endswith("feature-extraction"):
        return [{"name": "embedding", "datatype": "FP32", "shape": [-1, config.get("hidden_size", -1)]}]
    if task == "token-classification":
        return [{"name": "entities", **_BYTES}]
    if task.endswith("-classification"):
        labels = config.get("id2label")
        count = len(labels) if isinstance(labels, dict) and labels else 2
        return [{"name": "label", **_BYTES}, {"name": "scores", "datatype": "FP32", "shape": [-1, count]}]
    if architecture.endswith("ForCTC"):
        return [{"name": "text", **_BYTES}]
    written = [{"name": "text", **_BYTES}, {"name": "token_count", **_WHOLE_NUMBER}]
    return [*written, {"name": "finish_reason", **_BYTES}]
