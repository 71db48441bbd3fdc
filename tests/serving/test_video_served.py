"""A video through the gateway and a replica: base64 or binary in, the handler's numbers out."""

import struct
from typing import Any

import orjson
import pytest

from tests.serving import clips, worlds
from tests.serving.planes import STEPS, Plane, numbers
from tests.serving.processes import write_artifact

HANDLER = """
import numpy as np

class Watcher:
    def load(self, context): pass

    def preprocess(self, sample):
        clip = sample["clip"]
        cut = clip.between(0.0, 1.0)
        return {"y": np.array([len(cut.frames), clip.seconds, clip.sound_start, cut.missing], np.float32)}

    def predict(self, batch): return batch

    def postprocess(self, prediction): return prediction
"""
OUTPUTS = [{"name": "y", "datatype": "FP32", "shape": [-1, 4]}]
MANIFEST = {
    "inputs": [worlds.CLIP],
    "outputs": OUTPUTS,
    "stages": [{"name": step, "handler": "watcher:Watcher"} for step in STEPS],
    "samples": [{"clip": "samples/one.mp4"}],
}
CLIP = clips.clip("webm", sound=clips.tone(0.5), sound_start=0.5)


@pytest.fixture(scope="module")
def watched(redis_url, tmp_path_factory):
    """A plane whose replica answers with frames, seconds, start of the sound and seconds of it that are missing."""
    folder = tmp_path_factory.mktemp("video")
    with Plane(redis_url, folder) as plane:
        sample = clips.clip("mp4", sound=clips.tone(1.0))
        files = write_artifact(folder / "watcher", {"watcher.py": HANDLER, "samples/one.mp4": sample})
        plane.publish(doubler=worlds.deployment(inputs=[worlds.CLIP], outputs=OUTPUTS))
        plane.serve(manifest=MANIFEST, directory=str(folder / "watcher"), files=files)
        yield plane


def asked(raw: bytes) -> dict[str, Any]:
    return worlds.tensor("clip", [worlds.base64_text(raw)], (1,), "BYTES")


def test_a_video_in_json_is_answered(watched):
    answer = watched.http.post("/v2/models/doubler/infer", content=worlds.body(asked(CLIP)))
    assert numbers(answer) == pytest.approx([10, 1.0, 0.5, 0.5], abs=0.01)


def test_a_video_in_the_binary_form_is_answered(watched):
    binary = struct.pack("<I", len(CLIP)) + CLIP
    described = {"name": "clip", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data_size": len(binary)}}
    header = orjson.dumps({"inputs": [described]})
    length = {"Inference-Header-Content-Length": str(len(header))}
    answer = watched.http.post("/v2/models/doubler/infer", content=header + binary, headers=length)
    assert numbers(answer) == pytest.approx([10, 1.0, 0.5, 0.5], abs=0.01)


def test_a_damaged_video_is_the_callers_fault_and_the_next_is_answered(watched):
    refused = watched.http.post("/v2/models/doubler/infer", content=worlds.body(asked(CLIP[:2000])))
    assert (refused.status_code, "clip" in refused.json()["error"]) == (400, True)
    answer = watched.http.post("/v2/models/doubler/infer", content=worlds.body(asked(CLIP)))
    assert numbers(answer)[0] == 10
