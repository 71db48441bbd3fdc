"""model.yaml: what is right is filled in, what is wrong is named."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from apps.registry.errors import BadManifest, BadPath
from apps.registry.rules.manifest import manifest_build, manifest_normalise, manifest_parse

DIGITS = """
format: 1
name: digits-av
task: digit-classification
inputs:
  - {name: image, modality: image, datatype: BYTES, shape: [-1], required: false, media_types: [image/png]}
  - {name: sound, modality: audio, datatype: BYTES, shape: [-1], required: false, sample_rate: 8000}
require_any: [image, sound]
outputs:
  - {name: digit, datatype: INT64, shape: [-1]}
  - {name: scores, datatype: FP32, shape: [-1, 10]}
stages:
  - {name: preprocess, handler: "digits_av:DigitsHandler", device: cpu}
  - {name: infer, handler: "digits_av:DigitsHandler"}
  - {name: postprocess, handler: "digits_av:DigitsHandler", device: cpu}
samples:
  - {image: samples/3.png, sound: samples/3.wav}
metrics: {accuracy: 0.99}
"""


def parse(text: str) -> dict[str, Any]:
    return manifest_normalise(manifest_parse(text.encode()))


def test_every_default_is_filled_in() -> None:
    image, sound = parse(DIGITS)["inputs"]

    assert image["max_pixels"] == 16_000_000
    assert (sound["media_types"], sound["max_seconds"]) == (["audio/wav"], 60.0)
    assert parse(DIGITS)["stages"][1]["device"] == "auto"
    assert (parse(DIGITS)["description"], parse(DIGITS)["license"]) == ("", "")


def test_a_stage_may_say_what_batch_fits_it() -> None:
    said = parse(DIGITS.replace("{name: infer,", "{name: infer, batch_max: 4, batch_bytes: 2000000,"))["stages"]
    assert [(stage["batch_max"], stage["batch_bytes"]) for stage in said] == [
        (None, None),
        (4, 2_000_000),
        (None, None),
    ]


@pytest.mark.parametrize("wrong", ["batch_max: 0", "batch_max: 1025", "batch_bytes: 1000", "batch_max: few"])
def test_a_batch_that_no_revision_may_have_is_refused(wrong: str) -> None:
    with pytest.raises(BadManifest, match=r"stages\[1\]\.batch_(max|bytes) (is wrong|must be a whole number)"):
        parse(DIGITS.replace("{name: infer,", f"{{name: infer, {wrong},"))


def test_an_input_has_only_the_keys_of_its_modality() -> None:
    image, sound = parse(DIGITS)["inputs"]

    assert "sample_rate" not in image
    assert "max_pixels" not in sound


CLIP = """
  - {name: clip, modality: video, datatype: BYTES, shape: [-1], required: false,
     frames_per_second: 5, sample_rate: 8000}
require_any: [image, sound, clip]"""


def with_clip(old: str = "", new: str = "") -> str:
    clip = CLIP.replace(old, new)
    return DIGITS.replace("\nrequire_any: [image, sound]", clip).replace(
        "{image: samples/3.png, sound: samples/3.wav}", "{clip: samples/3.mp4}"
    )


def test_a_video_input_has_its_own_keys_and_limits() -> None:
    clip = parse(with_clip())["inputs"][2]
    assert (clip["media_types"], clip["max_seconds"]) == (["video/mp4", "video/webm"], 60.0)
    assert (clip["max_pixels"], clip["max_frames"]) == (2_100_000, 600)
    assert (clip["frames_per_second"], clip["sample_rate"]) == (5, 8000)


def test_a_video_input_need_ask_for_neither_a_frame_rate_nor_sound() -> None:
    clip = parse(with_clip(",\n     frames_per_second: 5, sample_rate: 8000", ""))["inputs"][2]
    assert (clip["frames_per_second"], clip["sample_rate"]) == (None, None)


def test_a_sample_of_a_video_is_a_file_of_the_artifact() -> None:
    assert manifest_parse(with_clip().encode()).sample_files() == ["samples/3.mp4"]
    with pytest.raises(BadPath):
        parse(with_clip().replace("samples/3.mp4", "../3.mp4"))


@pytest.mark.parametrize(
    ("right", "wrong", "sentence"),
    [
        (
            "frames_per_second:",
            "frame_rate:",
            "inputs[2] has the unknown key 'frame_rate'; did you mean 'sample_rate'?",
        ),
        ("frames_per_second:", "frames_per_secnd:", "'frames_per_secnd'; did you mean 'frames_per_second'?"),
        (
            "frames_per_second: 5",
            "frames_per_second: 0",
            "inputs[2].frames_per_second is wrong: Input should be greater",
        ),
        ("frames_per_second: 5", "frames_per_second: often", "inputs[2].frames_per_second must be a number."),
        ("frames_per_second: 5", "max_frames: 0.5", "inputs[2].max_frames must be a whole number."),
        ("sample_rate: 8000", "sample_rate: 8", "inputs[2].sample_rate is wrong: Input should be greater"),
        (
            "sample_rate: 8000",
            "media_types: [video/avi]",
            "inputs[2].media_types[0] is wrong: Input should be 'video/mp4'",
        ),
        ("sample_rate: 8000", "max_pixels: 10000000000", "inputs[2].max_pixels is wrong: Input should be less"),
    ],
)
def test_what_is_wrong_with_a_video_input_is_named(right: str, wrong: str, sentence: str) -> None:
    with pytest.raises(BadManifest) as raised:
        parse(with_clip(right, wrong))
    assert sentence in raised.value.message


def test_a_normalised_manifest_is_its_own_normal_form() -> None:
    once = parse(DIGITS)

    assert manifest_normalise(manifest_build(json.loads(json.dumps(once)))) == once


def test_the_files_of_samples_and_handlers_are_known() -> None:
    manifest = manifest_parse(DIGITS.encode())

    assert manifest.sample_files() == ["samples/3.png", "samples/3.wav"]
    assert {stage.source for stage in manifest.stages} == {"digits_av.py"}


def test_a_handler_in_a_package_is_a_file_in_a_folder() -> None:
    manifest = manifest_parse(DIGITS.replace("digits_av:", "models.digits:").encode())

    assert manifest.stages[0].source == "models/digits.py"


def test_a_built_in_handler_needs_no_file() -> None:
    manifest = manifest_parse(DIGITS.replace("digits_av:DigitsHandler", "builtin:image-classification").encode())

    assert manifest.stages[0].source is None


WRONG = [
    ("metrics:", "metric:", "model.yaml: it has the unknown key 'metric'; did you mean 'metrics'?"),
    ("sample_rate:", "samplerate:", "inputs[1] has the unknown key 'samplerate'; did you mean 'sample_rate'?"),
    ("sample_rate: 8000", "zzz: 1", "inputs[1] has the unknown key 'zzz'; it may have name,"),
    (", sample_rate: 8000", "", "inputs[1].sample_rate is missing."),
    ("sample_rate: 8000", "sample_rate: fast", "inputs[1].sample_rate must be a whole number."),
    ("sample_rate: 8000", "sample_rate: 5", "inputs[1].sample_rate is wrong: Input should be greater"),
    ("modality: audio", "modality: smell", "inputs[1] has an unknown modality; there are text, image"),
    ("modality: audio, ", "", "inputs[1] needs a modality:"),
    ("format: 1", "format: 2", "format is wrong: Input should be 1"),
    ("name: digits-av", "name: Digits AV", "name has characters that are not allowed"),
    ("name: digits-av", "name: 7", "name must be a text; put it in quotes."),
    ("shape: [-1, 10]", "shape: [10]", "outputs[1].shape must begin with -1, the sample count."),
    ("shape: [-1, 10]", "shape: [-1, 0]", "outputs[1].shape has a dimension of size 0."),
    ("datatype: FP32", "datatype: FLOAT", "outputs[1].datatype is wrong:"),
    (
        "datatype: BYTES, shape: [-1], required: false, s",
        "datatype: FP32, shape: [-1], required: false, s",
        "inputs[1] is media",
    ),
    ("{name: digit,", "{name: scores,", "it has the name 'scores' twice in outputs."),
    ("name: infer", "name: preprocess", "it has the name 'preprocess' twice in stages."),
    ("name: postprocess", "name: head", "it ends in the stage 'head', so its hook must be postprocess."),
    ("name: infer", "name: Infer", "stages[1].name has characters that are not allowed"),
    ("digits_av:DigitsHandler", "digits_av", "stages[0].handler must be 'module:Class'"),
    ("digits_av:DigitsHandler", "../x:Y", "stages[0].handler must be 'module:Class'"),
    ("digits_av:DigitsHandler", "builtin:magic", "stages[0].handler names no built-in task; there are text-class"),
    ("[image, sound]", "[image, smell]", "it names 'smell' in require_any, which is no input."),
    ("required: false, s", "required: true, s", "it names 'sound' in require_any, which is required anyway"),
    ("{image: samples/3.png, sound: samples/3.wav}", "{smell: x}", "sample 1 that names 'smell', which is no input."),
    ("{image: samples/3.png, sound: samples/3.wav}", "{}", "sample 1 that has none of image, sound."),
    ("{image: samples/3.png,", "{image: 3,", "'image' must be the path of a file in the artifact."),
    ("accuracy: 0.99", "accuracy: .nan", "metrics.accuracy must be a finite number."),
    ("accuracy: 0.99", "accuracy: high", "metrics.accuracy must be a number."),
    ("stages:", "stages: 3\nx:", "it has the unknown key 'x'"),
]


@pytest.mark.parametrize(("right", "wrong", "sentence"), WRONG)
def test_what_is_wrong_is_named_with_its_place(right: str, wrong: str, sentence: str) -> None:
    assert right in DIGITS
    with pytest.raises(BadManifest) as raised:
        parse(DIGITS.replace(right, wrong))
    assert sentence in raised.value.message


def test_every_fault_is_listed() -> None:
    with pytest.raises(BadManifest) as raised:
        parse(DIGITS.replace("sample_rate: 8000", "sample_rate: fast").replace("[-1, 10]", "[10]"))
    assert len(raised.value.details["faults"]) == 2


def test_a_sample_path_that_escapes_is_refused() -> None:
    with pytest.raises(BadPath):
        parse(DIGITS.replace("samples/3.png", "../3.png"))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(yaml.safe_load(DIGITS))), PLAIN)
def test_any_value_in_any_place_is_taken_or_refused_and_never_breaks_the_reader(key: str, value: Any) -> None:
    try:
        manifest = manifest_build(yaml.safe_load(DIGITS) | {key: value})
    except (BadManifest, BadPath) as error:
        assert error.message
        return
    json.dumps(manifest_normalise(manifest), allow_nan=False)
