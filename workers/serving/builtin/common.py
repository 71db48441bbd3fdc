"""What the built-in handlers share: loading from the artifact alone, batches on the device, and logits -> an answer."""

import json
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from workers.serving.hooks import Context
from workers.serving.steps import PREDICT, hosted

#: Weights as safetensors (a pickle would run code), from this directory only, and no code that is not transformers'.
SAFE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}

Arrays = dict[str, np.ndarray]


class WeightsMissing(ValueError):
    """The directory lacks weights that the task needs; transformers would have made them up at random."""


def load_model(auto_class: Any, context: Context, spare: Sequence[str] = ()) -> Any:
    """The model of an Auto class, on the context's device, ready to predict.

    On a CPU it computes in float32, whatever it was saved in, for few CPUs are quick with less; on CUDA in what it was
    saved in. Raises WeightsMissing, unless only layers are missing whose name has one of `spare` in it.
    """
    dtype = torch.float32 if context.device == "cpu" else "auto"
    model, report = auto_class.from_pretrained(
        context.directory, use_safetensors=True, dtype=dtype, output_loading_info=True, **SAFE
    )
    missing = sorted(name for name in report["missing_keys"] if not any(part in name for part in spare))
    if missing:
        raise WeightsMissing(
            f"the artifact has no weights for {len(missing)} layers that the task needs, such as '{missing[0]}': "
            "was it saved for another task?"
        )
    model.missing = sorted(report["missing_keys"])
    return model.to(context.device).eval()


def only_input(context: Context, modality: str) -> dict[str, Any]:
    """The manifest's input of this modality; ValueError when there is not exactly one."""
    found = [spec for spec in context.manifest["inputs"] if spec["modality"] == modality]
    if len(found) != 1:
        raise ValueError(f"a built-in handler needs exactly one {modality} input; the manifest has {len(found)}")
    return dict(found[0])


def predicts(context: Context) -> bool:
    """Whether the model is needed here: a process may host other stages only."""
    return any(step.hook == PREDICT for step in hosted(context.manifest, context.stages))


def stack(arrays: Iterable[np.ndarray], like: torch.nn.Module) -> torch.Tensor:
    """A batch of arrays of one shape as one tensor, on the model's device; fractions in the model's precision."""
    tensor = torch.from_numpy(np.stack(list(arrays)))
    weight = next(like.parameters())
    return tensor.to(weight.device, weight.dtype if tensor.is_floating_point() else None)


def places_by(keys: Iterable[Hashable]) -> Iterator[list[int]]:
    """The places of equal keys, together: what may share one call of a model that cannot tell padding from content."""
    groups: dict[Hashable, list[int]] = {}
    for place, key in enumerate(keys):
        groups.setdefault(key, []).append(place)
    yield from groups.values()


def rows(tensor: torch.Tensor, name: str) -> list[Arrays]:
    """One dict a sample of a batch's result, float32."""
    return [{name: row} for row in tensor.float().cpu().numpy()]


def read_json(path: Path) -> Any:
    """What a JSON file of the artifact holds, or None where there is no such file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def softmax(logits: np.ndarray) -> np.ndarray:
    """Shares along the last axis, float32."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    shares: np.ndarray = shifted / shifted.sum(-1, keepdims=True)
    return shares.astype(np.float32)


class Classifier:
    """Postprocessing for every classification task. Outputs: `label` BYTES [-1], `score` FP32 [-1], `scores` FP32
    [-1, labels], of which the manifest declares those it wants."""

    _labels: dict[int, str]

    def postprocess(self, prediction: Arrays) -> dict[str, Any]:
        """Softmax of the logits, and the best label with its share."""
        scores = softmax(prediction["logits"])
        best = int(scores.argmax())
        return {"label": self._labels[best], "score": scores[best], "scores": scores}
