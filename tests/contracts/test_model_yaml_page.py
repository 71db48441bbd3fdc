"""docs/model-yaml.md is true: its example is taken, its handler answers, and it names every key there is."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from apps.registry.rules.manifest import Manifest, manifest_normalise, manifest_parse
from apps.registry.rules.manifest_parts import (
    BUILTIN_TASKS,
    AudioInput,
    ImageInput,
    Output,
    Stage,
    TextInput,
    VideoInput,
)
from tests.live.artifact import picture, silence
from workers.serving.handlers import make
from workers.serving.hooks import Context
from workers.serving.media import Video
from workers.serving.pipeline import Pipeline
from workers.serving.steps import STEPS
from workers.serving.tensors import to_array
from workers.serving.warmup import warm_up

PAGE = (Path(__file__).parents[2] / "docs/model-yaml.md").read_text()


def block(language: str, number: int = 0) -> str:
    return str(re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)[number])


def test_the_example_of_branching_stages_is_taken() -> None:
    branching = re.sub(r"stages:\n(  - .*\n)+", block("yaml", 1), block("yaml"))
    stages = manifest_normalise(manifest_parse(branching.encode()))["stages"]
    assert [stage["after"] for stage in stages] == [[], [], ["look"], ["listen"], ["see", "hear"]]


def test_the_example_is_taken_and_its_handler_answers_it(tmp_path: Path) -> None:
    manifest = manifest_normalise(manifest_parse(block("yaml").encode()))
    (tmp_path / "digits.py").write_text(block("python"))
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/7.png").write_bytes(picture())
    (tmp_path / "samples/7.wav").write_bytes(silence())
    handlers = make(tmp_path, manifest, STEPS)
    context = Context(tmp_path, "cpu", manifest, STEPS)
    handlers["infer"].load(context)
    pipeline = Pipeline(manifest, handlers, batch_max=4)
    warm_up(pipeline, context, batch_max=4)
    [answer] = pipeline.run([{}])
    assert to_array(answer["scores"]).shape == (10,)


@pytest.mark.parametrize(
    "key",
    sorted(
        {*Manifest.model_fields, *Stage.model_fields, *BUILTIN_TASKS}
        | {*AudioInput.model_fields, *VideoInput.model_fields, *Output.model_fields}
    ),
)
def test_every_key_is_on_the_page(key: str) -> None:
    assert key in PAGE


@pytest.mark.parametrize("attribute", [each.name for each in fields(Video)] + ["between(", "frame_at("])
def test_every_attribute_of_a_video_is_on_the_page(attribute: str) -> None:
    assert f"`{attribute}" in PAGE


@pytest.mark.parametrize(
    ("part", "key", "shown"),
    [
        (TextInput, "max_characters", "20,000"),
        (ImageInput, "max_pixels", "16,000,000"),
        (AudioInput, "max_seconds", "60"),
        (VideoInput, "max_pixels", "2,100,000"),
        (VideoInput, "max_frames", "600"),
    ],
)
def test_the_defaults_on_the_page_are_those_of_the_code(part: type, key: str, shown: str) -> None:
    default = part.model_fields[key].default  # type: ignore[attr-defined]
    assert f"`{key}` ({shown})" in PAGE
    assert float(shown.replace(",", "")) == default
