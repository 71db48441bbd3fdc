"""A directory as save_pretrained left it is served by the manifest that is inferred for it."""

import json

import pytest
import torch

from apps.registry.rules.infer_manifest import manifest_infer
from apps.registry.rules.manifest import manifest_normalise
from tests.serving import tiny_models as tiny
from tests.serving import worlds
from workers.serving.handlers import make
from workers.serving.hooks import Context
from workers.serving.pipeline import Pipeline
from workers.serving.steps import STEPS

TEXT, PICTURE, SOUND = (
    tiny.samples("text", b"a good day"),
    tiny.samples("image", worlds.png((8, 6))),
    tiny.samples("sound", worlds.wav(0.5)),
)
DIRECTORIES = [
    (tiny.text_classifier, TEXT),
    (tiny.token_classifier, TEXT),
    (tiny.encoder, TEXT),
    (tiny.sentence_encoder, TEXT),
    (tiny.gpt2, TEXT),
    (tiny.llama, TEXT),
    (tiny.bart, TEXT),
    (tiny.t5, TEXT),
    (tiny.image_classifier, PICTURE),
    (tiny.image_encoder, PICTURE),
    (tiny.spectrogram_classifier, SOUND),
    (tiny.waveform_classifier, SOUND),
    (tiny.ctc, SOUND),
    (tiny.whisper, SOUND),
]


@pytest.mark.parametrize(("write", "asked"), DIRECTORIES, ids=lambda value: getattr(value, "__name__", ""))
def test_it_answers_with_every_output_that_was_inferred(tmp_path, write, asked):
    torch.manual_seed(0)
    write(tmp_path)
    config, preprocessor = (read(tmp_path / name) for name in ("config.json", "preprocessor_config.json"))
    manifest = manifest_normalise(manifest_infer("mine", config, preprocessor))
    handlers = make(tmp_path, manifest, STEPS)
    handlers["infer"].load(Context(tmp_path, "cpu", manifest, STEPS))

    (answer,) = Pipeline(manifest, handlers, 1).run(asked)

    assert list(answer) == [output["name"] for output in manifest["outputs"]]


def read(path):
    return json.loads(path.read_text()) if path.exists() else {}
