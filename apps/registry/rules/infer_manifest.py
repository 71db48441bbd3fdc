"""A manifest for a transformers directory that brings none: its config says what it is."""

from collections.abc import Mapping
from typing import Any

from apps.registry.errors import BadManifest
from apps.registry.rules.manifest import Manifest, manifest_build
from apps.registry.rules.stages import HOOK_BY_NAME

_REMEDY = "Add a model.yaml that says what goes in and what comes out."
#: Heads that transformers also puts on models of sound.
_SPEECH = ("wav2vec2", "hubert", "wavlm", "sew", "unispeech", "whisper", "audio-spectrogram", "data2vec-audio")
_DEFAULT_RATE = 16_000
#: A bare '...Model' gives features, and only its name tells what it reads.
_TEXT_ENCODERS = frozenset(
    {
        *("AlbertModel", "BertModel", "CamembertModel", "DebertaModel", "DebertaV2Model", "DistilBertModel"),
        *(
            "ElectraModel",
            "ErnieModel",
            "ModernBertModel",
            "MPNetModel",
            "NomicBertModel",
            "RobertaModel",
            "XLMRobertaModel",
        ),
    }
)


def manifest_infer(name: str, config: Mapping[str, Any], preprocessor: Mapping[str, Any]) -> Manifest:
    """The manifest of a transformers model from its config.json and, for sound, its preprocessor_config.json.

    Raises BadManifest when the architecture is none that a built-in handler serves.
    """
    architecture = _architecture(config)
    task = _task(architecture, str(config.get("model_type", "")))
    if task is None:
        raise BadManifest(f"No built-in handler serves the architecture '{architecture}'.", remedy=_REMEDY)
    data = {
        "format": 1,
        "name": name,
        "task": task,
        "description": f"{architecture}, as its config.json describes it.",
        "inputs": [_input(task, preprocessor)],
        "outputs": _outputs(task, config),
        "stages": [{"name": stage, "handler": f"builtin:{task}"} for stage in HOOK_BY_NAME],
        "samples": [{"text": "A sentence to warm up with."}] if _reads_text(task) else [],
    }
    return manifest_build(data)


def _architecture(config: Mapping[str, Any]) -> str:
    listed = config.get("architectures")
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], str):
        raise BadManifest("There is no model.yaml, and config.json does not name one architecture.", remedy=_REMEDY)
    return listed[0][:100]


def _task(architecture: str, model_type: str) -> str | None:
    if architecture.endswith("ForImageClassification"):
        return "image-classification"
    speech = model_type.startswith(_SPEECH)
    if architecture.endswith("ForAudioClassification") or (
        speech and architecture.endswith("ForSequenceClassification")
    ):
        return "audio-classification"
    if architecture.endswith("ForSequenceClassification"):
        return "text-classification"
    return "feature-extraction" if architecture in _TEXT_ENCODERS else None


def _reads_text(task: str) -> bool:
    return task in ("text-classification", "feature-extraction")


def _input(task: str, preprocessor: Mapping[str, Any]) -> dict[str, Any]:
    common = {"datatype": "BYTES", "shape": [-1]}
    if _reads_text(task):
        return {"name": "text", "modality": "text", **common}
    if task == "image-classification":
        return {"name": "image", "modality": "image", **common}
    return {
        "name": "sound",
        "modality": "audio",
        "sample_rate": preprocessor.get("sampling_rate", _DEFAULT_RATE),
        **common,
    }


def _outputs(task: str, config: Mapping[str, Any]) -> list[dict[str, Any]]:
    if task == "feature-extraction":
        return [{"name": "embedding", "datatype": "FP32", "shape": [-1, config.get("hidden_size", -1)]}]
    labels = config.get("id2label")
    count = len(labels) if isinstance(labels, dict) and labels else 2
    return [
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
        {"name": "scores", "datatype": "FP32", "shape": [-1, count]},
    ]
