"""What `model.yaml` says of this model."""

from typing import Any

from workers.training.digits_av.evaluate import Accuracy

_HANDLER = "digits_av:DigitsHandler"
_DESCRIPTION = (
    "Reads a handwritten digit, hears a spoken one, or both; either may be missing. "
    "Pictures: scikit-learn's digits (UCI, CC BY 4.0), a light digit on dark. "
    "Sounds: English digits in synthetic voices made by espeak-ng; of a longer sound the loudest second counts. "
    "It has never heard a person."
)


def manifest(accuracy: Accuracy, samples: list[dict[str, str]]) -> dict[str, Any]:
    """The manifest with what was measured and the warm-up requests (file paths in the artifact by input name)."""
    return {
        "format": 1,
        "name": "digits-av",
        "task": "digit-classification",
        "description": _DESCRIPTION,
        "license": "Apache-2.0",
        "inputs": [_image(), _sound()],
        "require_any": ["image", "sound"],
        "outputs": [
            {"name": "digit", "datatype": "INT64", "shape": [-1]},
            {"name": "scores", "datatype": "FP32", "shape": [-1, 10]},
        ],
        "stages": [
            {"name": "preprocess", "handler": _HANDLER, "device": "cpu"},
            {"name": "infer", "handler": _HANDLER, "device": "auto"},
            {"name": "postprocess", "handler": _HANDLER, "device": "cpu"},
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
