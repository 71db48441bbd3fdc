"""The hosted steps over a batch: each sample's failure stays its own and is blamed rightly."""

import numpy as np
import pytest

from tests.serving import worlds
from workers.serving.errors import ServingError
from workers.serving.pipeline import EngineDied, Pipeline
from workers.serving.steps import STEPS
from workers.serving.tensors import BYTES, Tensor, from_array, to_array

OUTPUTS = [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}]


class Echo:
    """Hooks that change nothing; a test overrides the one it is about."""

    def load(self, context):
        """Nothing to load."""

    def preprocess(self, sample):
        return sample

    def predict(self, batch):
        return batch

    def postprocess(self, prediction):
        return {"y": prediction["x"]}


def pipeline(handler, batch_max=4, inputs=(worlds.VECTOR,), outputs=OUTPUTS, steps=STEPS) -> Pipeline:
    stages = [{"name": step, "handler": "handler:Handler"} for step in STEPS]
    manifest = {"inputs": list(inputs), "outputs": outputs, "stages": stages}
    return Pipeline(manifest, dict.fromkeys(steps, handler), batch_max)


def vector(first: float, second: float = 0.0) -> dict[str, Tensor]:
    return {"x": from_array(np.array([first, second], np.float32))}


def outcome(handler, sample=None, **more) -> ServingError:
    (result,) = pipeline(handler, **more).run([sample or vector(1)])
    assert isinstance(result, ServingError)
    return result


def override(**hooks) -> Echo:
    return type("Overridden", (Echo,), {name: staticmethod(hook) for name, hook in hooks.items()})()


def raiser(error: BaseException):
    def hook(_):
        raise error

    return hook


def test_a_sample_passes_all_steps():
    (result,) = pipeline(Echo()).run([vector(1, 2)])
    assert to_array(result["y"]).tolist() == [1, 2]


def test_no_batch_is_larger_than_allowed_and_the_order_stays():
    sizes = []
    handler = override(predict=lambda batch: sizes.append(len(batch)) or batch)
    results = pipeline(handler, batch_max=4).run([vector(number) for number in range(10)])
    assert sizes == [4, 4, 2]
    assert [to_array(result["y"])[0] for result in results] == list(range(10))


def test_a_value_error_in_preprocess_is_the_callers_fault_in_its_words():
    error = outcome(override(preprocess=raiser(ValueError("x is too odd"))))
    assert (error.status, error.fault) == (400, "caller") and "x is too odd" in str(error)


@pytest.mark.parametrize("hook", ["preprocess", "predict", "postprocess"])
def test_any_other_failure_of_a_hook_is_the_models_fault_and_names_the_hook(hook):
    error = outcome(override(**{hook: raiser(KeyError("gone"))}))
    assert (error.status, error.fault) == (500, "model") and hook in str(error)


def test_a_sample_that_fails_before_the_model_never_reaches_it():
    seen = []
    handler = override(
        preprocess=lambda sample: raiser(ValueError("no"))(0) if sample["x"][0] == 1 else sample,
        predict=lambda batch: seen.extend(batch) or batch,
    )
    results = pipeline(handler).run([vector(1), vector(2)])
    assert isinstance(results[0], ServingError) and len(seen) == 1
    assert to_array(results[1]["y"])[0] == 2


def test_a_failing_batch_is_tried_again_one_by_one():
    def predict(batch):
        if any(each["x"][0] == 1 for each in batch):
            raise RuntimeError("poison")
        return batch

    first, second, third = pipeline(override(predict=predict)).run([vector(0), vector(1), vector(2)])
    assert isinstance(second, ServingError)
    assert [to_array(each["y"])[0] for each in (first, third)] == [0, 2]


@pytest.mark.parametrize("answer", [[], [{}, {}], None, {"x": 1}, ["x"]])
def test_a_predict_that_gives_back_something_else_is_the_models_fault(answer):
    assert outcome(override(predict=lambda batch: answer)).fault == "model"


@pytest.mark.parametrize(
    "answer",
    [{}, {"y": [1]}, {"y": [[1, 2]]}, {"y": ["a", "b"]}, {"y": [1j, 1j]}, {"y": None}, [1, 2], None],
)
def test_an_answer_that_does_not_fit_the_manifest_is_the_models_fault(answer):
    error = outcome(override(postprocess=lambda prediction: answer))
    assert (error.status, error.fault) == (500, "model")


def test_outputs_take_their_declared_datatype():
    outputs = [
        {"name": "digit", "datatype": "INT64", "shape": [-1]},
        {"name": "label", "datatype": "BYTES", "shape": [-1]},
        {"name": "raw", "datatype": "BYTES", "shape": [-1, 2]},
    ]
    answer = {"digit": 3, "label": "three", "raw": [b"a\0", b""], "undeclared": 1}
    (result,) = pipeline(override(postprocess=lambda prediction: answer), outputs=outputs).run([vector(1)])
    assert result["digit"] == Tensor("INT64", (), (3).to_bytes(8, "little"))
    assert result["label"] == Tensor(BYTES, (), [b"three"])
    assert result["raw"] == Tensor(BYTES, (2,), [b"a\0", b""])
    assert "undeclared" not in result


def test_a_fraction_is_not_cut_to_a_whole_number():
    outputs = [{"name": "y", "datatype": "INT64", "shape": [-1, 2]}]
    assert outcome(Echo(), outputs=outputs).code == "model_output_wrong"


def test_media_reach_preprocess_decoded():
    seen = {}
    handler = override(preprocess=lambda sample: seen.update(sample) or {"x": np.zeros(2, np.float32)})
    sample = {
        "image": Tensor(BYTES, (), [worlds.png((8, 6))]),
        "sound": Tensor(BYTES, (), [worlds.wav(0.1)]),
        "text": Tensor(BYTES, (), ["naïve".encode()]),
    }
    pipeline(handler, inputs=(worlds.IMAGE, worlds.SOUND, worlds.TEXT)).run([sample])
    assert (seen["image"].shape, seen["sound"].shape, seen["text"]) == ((6, 8, 3), (800,), "naïve")


def test_damaged_media_are_the_callers_fault():
    error = outcome(Echo(), {"image": Tensor(BYTES, (), [b"no picture"])}, inputs=(worlds.IMAGE,))
    assert (error.code, error.fault) == ("bad_media", "caller")


def test_steps_apart_give_what_fused_ones_give():
    handler = override(preprocess=lambda sample: {"x": sample["x"].astype(np.float64) / 3})
    samples = [vector(1, 2), vector(3, 4)]
    fused = pipeline(handler).run(samples)
    passed = samples
    for step in STEPS:
        passed = pipeline(handler, steps=[step]).run(passed)
    assert passed == fused


def test_a_stage_that_gives_what_cannot_be_sent_is_the_models_fault():
    handler = override(preprocess=lambda sample: {"x": np.array([1j])})
    assert outcome(handler, steps=["preprocess"]).code == "model_output_wrong"


def test_a_lost_device_ends_the_process_instead_of_failing_every_request():
    with pytest.raises(EngineDied, match="device-side assert"):
        pipeline(override(predict=raiser(RuntimeError("CUDA error: device-side assert triggered")))).run([vector(1)])
