"""A model small enough to load in no time: it answers every request with the digit it was made with."""

import io
import wave
from pathlib import Path

import yaml
from PIL import Image

HANDLER = """
import numpy as np


class Constant:
    def load(self, context):
        self.digit = int((context.directory / "digit.txt").read_text())

    def preprocess(self, sample):
        return {"senses": np.array(len(sample))}

    def predict(self, batch):
        return [{"heard": each["senses"]} for each in batch]

    def postprocess(self, prediction):
        scores = np.zeros(10, np.float32)
        scores[self.digit] = 1
        return {"digit": self.digit, "scores": scores}
"""


def picture() -> bytes:
    """A black square as a PNG file."""
    buffer = io.BytesIO()
    Image.new("L", (28, 28)).save(buffer, "PNG")
    return buffer.getvalue()


def silence() -> bytes:
    """A tenth of a second of nothing as a WAV file at 8 kHz."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(1600))
    return buffer.getvalue()


def manifest() -> dict[str, object]:
    """The same face as the demo's model: a picture, a sound, or both."""
    image = {"name": "image", "modality": "image", "datatype": "BYTES", "shape": [-1], "required": False}
    sound = {"name": "sound", "modality": "audio", "datatype": "BYTES", "shape": [-1], "required": False}
    return {
        "format": 1,
        "name": "constant",
        "task": "digit-classification",
        "license": "Apache-2.0",
        "inputs": [
            {**image, "media_types": ["image/png"], "max_pixels": 1_000_000},
            {**sound, "media_types": ["audio/wav"], "sample_rate": 8000, "max_seconds": 10},
        ],
        "require_any": ["image", "sound"],
        "outputs": [
            {"name": "digit", "datatype": "INT64", "shape": [-1]},
            {"name": "scores", "datatype": "FP32", "shape": [-1, 10]},
        ],
        "stages": [
            {"name": name, "handler": "constant:Constant", "device": "cpu"}
            for name in ("preprocess", "infer", "postprocess")
        ],
        "samples": [{"image": "samples/square.png", "sound": "samples/silence.wav"}],
    }


#: What may ail it: a method, and the line with which it then begins. It warms up with both senses.
AILMENTS = {
    "slow": ("    def predict(self, batch):\n", "        __import__('time').sleep(0.15)\n"),
    "deaf": (
        "    def postprocess(self, prediction):\n",
        "        assert prediction['heard'] > 1\n",
    ),
}


def write_artifact(directory: Path, digit: int, ails: str = "") -> Path:
    """Make the directory of a model that always answers `digit`, and may be one of AILMENTS."""
    (directory / "samples").mkdir(parents=True)
    (directory / "model.yaml").write_text(yaml.safe_dump(manifest(), sort_keys=False))
    at, line = AILMENTS.get(ails, ("", ""))
    (directory / "constant.py").write_text(HANDLER.replace(at, at + line) if ails else HANDLER)
    (directory / "digit.txt").write_text(str(digit))
    (directory / "samples" / "square.png").write_bytes(picture())
    (directory / "samples" / "silence.wav").write_bytes(silence())
    return directory
