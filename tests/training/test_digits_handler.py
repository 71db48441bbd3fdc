"""The handler answers each sample alike, alone or in a batch, whichever modality it has."""

import io
import wave
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load_file, save_file

from tests.training.conftest import Context
from workers.training.digits_av import held_out


def decoded(png: bytes | None, wav: bytes | None) -> dict[str, Any]:
    """A sample as the engine hands it over."""
    sample: dict[str, Any] = {}
    if png is not None:
        sample["image"] = np.asarray(Image.open(io.BytesIO(png)))
    if wav is not None:
        with wave.open(io.BytesIO(wav)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
            sample["sound"] = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768
    return sample


def answer(handler: Any, samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All hooks, the samples in one batch."""
    predictions = handler.predict([handler.preprocess(sample) for sample in samples])
    return [handler.postprocess(prediction) for prediction in predictions]


@pytest.fixture(scope="module")
def samples(cache_directory: Path) -> list[tuple[int, dict[str, Any]]]:
    """(digit, sample): six with both modalities, six with the picture alone, six with the sound alone."""
    sent = list(held_out(6, seed=1, cache_directory=cache_directory))
    both = [(digit, decoded(png, wav)) for digit, png, wav in sent]
    pictures = [(digit, decoded(png, None)) for digit, png, _ in sent]
    sounds = [(digit, decoded(None, wav)) for digit, _, wav in sent]
    return both + pictures + sounds


def test_every_request_named_in_the_manifest_gets_the_digit_of_its_file_name(handler: Any, artifact: Path) -> None:
    requests = yaml.safe_load((artifact / "model.yaml").read_text())["samples"]
    assert {tuple(sorted(request)) for request in requests} == {("image", "sound"), ("image",), ("sound",)}
    for request in requests:
        files = {name: (artifact / path).read_bytes() for name, path in request.items()}
        (reply,) = answer(handler, [decoded(files.get("image"), files.get("sound"))])
        assert {str(reply["digit"])} == {Path(path).stem for path in request.values()}


def test_nearly_all_held_out_digits_are_known(handler: Any, cache_directory: Path) -> None:
    sent = list(held_out(200, seed=2, cache_directory=cache_directory))
    replies = answer(handler, [decoded(png, wav) for _, png, wav in sent])
    right = sum(reply["digit"] == sample.digit for reply, sample in zip(replies, sent, strict=True))
    assert right >= 190


@settings(max_examples=30)
@given(order=st.lists(st.integers(0, 17), min_size=1, max_size=12))
def test_a_mixed_batch_gives_each_sample_the_answer_it_gets_alone(
    handler: Any, samples: list[tuple[int, dict[str, Any]]], order: list[int]
) -> None:
    chosen = [samples[position][1] for position in order]
    together = answer(handler, chosen)
    for sample, reply in zip(chosen, together, strict=True):
        (alone,) = answer(handler, [sample])
        np.testing.assert_allclose(reply["scores"], alone["scores"], atol=1e-5)


@pytest.mark.parametrize("filler", [0.0, 1e6, float("nan")])
def test_what_fills_the_place_of_a_missing_modality_does_not_count(
    artifact_module: ModuleType, artifact: Path, filler: float
) -> None:
    model = artifact_module.load_model(artifact)
    pixels, mels = torch.zeros(2, 1, 28, 28), torch.zeros(2, 64, 32)
    pixels[0], mels[1] = filler, filler
    has_picture, has_sound = torch.tensor([False, True]), torch.tensor([True, False])
    logits = model(pixels, mels, has_picture, has_sound).logits
    torch.testing.assert_close(logits[:1], model(None, mels[:1]).logits)
    torch.testing.assert_close(logits[1:], model(pixels[1:], None).logits)


def test_the_scores_are_ten_shares_of_one_and_the_digit_the_largest(handler: Any, samples: Any) -> None:
    for reply in answer(handler, [sample for _, sample in samples]):
        assert type(reply["digit"]) is int
        assert reply["scores"].shape == (10,)
        assert reply["scores"].dtype == np.float32
        assert abs(reply["scores"].sum() - 1) < 1e-5
        assert reply["scores"].argmax() == reply["digit"]


def test_a_sample_with_neither_modality_is_the_callers_fault(handler: Any) -> None:
    with pytest.raises(ValueError, match="send image, sound or both"):
        handler.preprocess({})


def test_the_stages_around_the_model_need_no_weights(artifact_module: ModuleType, tmp_path: Path, samples: Any) -> None:
    apart = artifact_module.DigitsHandler()
    apart.load(Context(tmp_path, stages=("preprocess", "postprocess")))
    assert set(apart.preprocess(samples[0][1])) == {"pixels", "mel"}
    assert apart.postprocess({"logits": np.eye(10, dtype=np.float32)[7]})["digit"] == 7


@pytest.mark.parametrize("change", ["missing", "unknown"])
def test_weights_that_do_not_fit_are_refused(
    artifact_module: ModuleType, artifact: Path, tmp_path: Path, change: str
) -> None:
    weights = load_file(artifact / "model.safetensors")
    if change == "missing":
        del weights["no_sound"]
    else:
        weights["no_smell"] = weights["no_sound"].clone()
    save_file(weights, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_bytes((artifact / "config.json").read_bytes())
    with pytest.raises(RuntimeError, match="no_s"):
        artifact_module.DigitsHandler().load(Context(tmp_path))
