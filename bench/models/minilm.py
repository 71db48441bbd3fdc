"""all-MiniLM-L6-v2: sentences to embeddings, on one thread."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

WIDTH = 384
FP32, INT8 = "fp32", "int8"


def load(weights: Path, variant: str) -> Callable[[list[str]], np.ndarray]:
    """The model in a transformers directory. `int8`: its linear layers quantized dynamically by PyTorch."""
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(weights, local_files_only=True)
    model = AutoModel.from_pretrained(weights, local_files_only=True, dtype=torch.float32).eval()
    if variant == INT8:
        model = _quantized(model)

    @torch.inference_mode()
    def predict(texts: list[str]) -> np.ndarray:
        """The normalised mean of the tokens' last hidden states: float32 [texts, 384]."""
        inputs = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        hidden = model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1).float()
        means = (hidden * mask).sum(1) / mask.sum(1)
        embeddings: np.ndarray = torch.nn.functional.normalize(means).numpy()
        return embeddings

    return predict


def _quantized(model: torch.nn.Module) -> torch.nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the only int8 that needs no package besides torch
        quantized: torch.nn.Module = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
        return quantized
