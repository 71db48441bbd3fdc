"""What `model.yaml` says of this model."""

from typing import Any

from workers.training.digits_av.evaluate import Accuracy

_ORIGIN = (
    "Pictures: scikit-learn's digits (UCI, CC BY 4.0), a light digit on dark. "
    "Sounds: English digits in synthetic voices made by espeak-ng; of a longer sound the loudest second counts. "
    "It has never heard a person."
)


def pairs_manifest(accuracy: Accuracy, samples: list[dict[str, str]]) -> dict[str, Any]:
    """That of the model asked with a picture file, a sound file or both.

    It tells what was measured, and the warm-up requests (file paths in the artifact by input name).
    """
    told = "Reads a handwritten digit, hears a spoken one, or both; either may be missing. "
    inputs = {"inputs": [_image(), _sound()], "require_any": ["image", "sound"]}
    return {
        **_head("digits-av", told + _ORIGIN),
        **inputs,
        **_rest("digits_av:DigitsHandler", accuracy, samples),
    }


def clips_manifest(accuracy: Accuracy, samples: list[dict[str, str]]) -> dict[str, Any]:
    """That of the model asked with a video; the same numbers, measured on clips."""
    told = "Tells the handwritten digit that a video shows, and speaks if it has sound. "
    return {
        **_head("talking-digits", told + _ORIGIN),
        "inputs": [clip_input()],
        **_rest("talking_digits:TalkingDigitsHandler", accuracy, samples),
    }


def _head(name: str, description: str) -> dict[str, Any]:
    return {
        "format": 1,
        "name": name,
        "task": "digit-classification",
        "description": description,
        "license": "Apache-2.0",
    }


def _rest(handler: str, accuracy: Accuracy, samples: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "outputs": [
            {"name": "digit", "datatype": "INT64", "shape": [-1]},
            {"name": "scores", "datatype": "FP32", "shape": [-1, 10]},
        ],
        "stages": [
            {"name": "preprocess", "handler": handler, "device": "cpu"},
            {"name": "infer", "handler": handler, "device": "auto"},
            {"name": "postprocess", "handler": handler, "device": "cpu"},
        ],
        "samples": samples,
        "metrics": _metrics(accuracy),
    }


def _image() -> dict[str, Any]:
    media = {"modality": "image", "media_types": ["image/png"], "max_pixels": 1_000_000}
    return {"name": "image", "datatype": "BYTES", "shape": [-1], "required": False, **media}


def _sound() -> dict[str, Any]:
    media = {"modality": "audio", "media_types": ["audio/wav"], "sample_rate": 8000, "max_seconds": 10}
    return {"name": "sound", "datatype": "BYTES", "shape": [-1], "required": False, **media}


def clip_input() -> dict[str, Any]:
    """What a clip may be."""
    limits = {"max_pixels": 640 * 480, "max_seconds": 10, "max_frames": 100, "frames_per_second": 10}
    media = {"modality": "video", "media_types": ["video/mp4", "video/webm"], **limits, "sample_rate": 8000}
    return {"name": "clip", "datatype": "BYTES", "shape": [-1], **media}


def _metrics(accuracy: Accuracy) -> dict[str, float]:
    """`accuracy` is that of picture and sound together, the headline; counts say how many samples stand behind each."""
    return {
        "accuracy": accuracy.both,
        "accuracy_picture_only": accuracy.picture,
        "accuracy_sound_only": accuracy.sound,
        "samples": accuracy.both_samples,
        "samples_picture_only": accuracy.picture_samples,
        "samples_sound_only": accuracy.sound_samples,
    }
