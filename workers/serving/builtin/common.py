"""What the built-in handlers share: loading from the artifact alone, and turning logits into an answer."""

from typing import Any

import numpy as np
import torch

from workers.serving.hooks import Context

#: Weights as safetensors (a pickle would run code), from this directory only, and no code that is not transformers'.
SAFE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}


def load_model(auto_class: Any, context: Context) -> Any:
    """The model of an Auto class, on the context's device, ready to predict."""
    model = auto_class.from_pretrained(context.directory, use_safetensors=True, **SAFE)
    return model.to(context.device).eval()


def only_input(context: Context, modality: str) -> dict[str, Any]:
    """The manifest's input of this modality; ValueError when there is not exactly one."""
    found = [spec for spec in context.manifest["inputs"] if spec["modality"] == modality]
    if len(found) != 1:
        raise ValueError(f"a built-in handler needs exactly one {modality} input; the manifest has {len(found)}")
    return dict(found[0])


def stack(arrays: list[np.ndarray], device: str) -> torch.Tensor:
    """A batch of arrays of one shape as one tensor on the device."""
    return torch.from_numpy(np.stack(arrays)).to(device)


class Classifier:
    """Postprocessing for every classification task. Outputs: `label` BYTES [-1], `score` FP32 [-1], `scores` FP32
    [-1, labels], of which the manifest declares those it wants."""

    _labels: dict[int, str]

    def postprocess(self, prediction: dict[str, np.ndarray]) -> dict[str, Any]:
        """Softmax of the logits, and the best label with its share."""
        logits = prediction["logits"].astype(np.float64)
        shares = np.exp(logits - logits.max())
        scores = (shares / shares.sum()).astype(np.float32)
        best = int(scores.argmax())
        return {"label": self._labels[best], "score": scores[best], "scores": scores}
