"""Whisper's weights under the names that transformers gives them, from those that CTranslate2 gives them.

CTranslate2 keeps the matrices of query, key and value in one, in this order; what attends to the encoder has the
query's alone and key and value in one.
"""

import re
from collections.abc import Iterator

import numpy as np

Weights = dict[str, np.ndarray]


def transformers_weights(weights: Weights) -> Weights:
    """The weights of a WhisperForConditionalGeneration. Raises KeyError where one is missing."""
    named = {
        "model.encoder.embed_positions.weight": weights["encoder/position_encodings/encodings"],
        "model.decoder.embed_positions.weight": weights["decoder/position_encodings/encodings"],
        "model.decoder.embed_tokens.weight": weights["decoder/embeddings/weight"],
        **_with_bias("model.encoder.conv1", weights, "encoder/conv1"),
        **_with_bias("model.encoder.conv2", weights, "encoder/conv2"),
    }
    for side in ("encoder", "decoder"):
        named |= _norm(f"model.{side}.layer_norm", weights, f"{side}/layer_norm")
        for number in range(layers(weights, side)):
            named |= _layer(f"model.{side}.layers.{number}", weights, f"{side}/layer_{number}")
    return named


def layers(weights: Weights, side: str) -> int:
    """How many layers the encoder or the decoder has."""
    return len({found[0] for name in weights if (found := re.match(rf"{side}/layer_\d+/", name))})


def _layer(to: str, weights: Weights, of: str) -> Weights:
    named = {
        **_norm(f"{to}.self_attn_layer_norm", weights, f"{of}/self_attention/layer_norm"),
        **_attention(f"{to}.self_attn", weights, f"{of}/self_attention", ["qkv"]),
        **_norm(f"{to}.final_layer_norm", weights, f"{of}/ffn/layer_norm"),
        **_with_bias(f"{to}.fc1", weights, f"{of}/ffn/linear_0"),
        **_with_bias(f"{to}.fc2", weights, f"{of}/ffn/linear_1"),
    }
    if f"{of}/attention/linear_0/weight" in weights:  # to the encoder: the decoder's alone
        named |= _norm(f"{to}.encoder_attn_layer_norm", weights, f"{of}/attention/layer_norm")
        named |= _attention(f"{to}.encoder_attn", weights, f"{of}/attention", ["q", "kv"])
    return named


def _attention(to: str, weights: Weights, of: str, joined: list[str]) -> Weights:
    """`joined` says what each linear layer before the last one is made of."""
    named = _with_bias(f"{to}.out_proj", weights, f"{of}/linear_{len(joined)}")
    for number, letters in enumerate(joined):
        for letter, kind, part in _parts(weights, f"{of}/linear_{number}", letters):
            named[f"{to}.{letter}_proj.{kind}"] = part
    del named[f"{to}.k_proj.bias"]  # Whisper's keys have none, and CTranslate2 writes zeros
    return named


def _parts(weights: Weights, of: str, letters: str) -> Iterator[tuple[str, str, np.ndarray]]:
    for kind in ("weight", "bias"):
        for letter, part in zip(letters, np.split(weights[f"{of}/{kind}"], len(letters)), strict=True):
            yield letter, kind, part


def _with_bias(to: str, weights: Weights, of: str) -> Weights:
    return {f"{to}.{kind}": weights[f"{of}/{kind}"] for kind in ("weight", "bias")}


def _norm(to: str, weights: Weights, of: str) -> Weights:
    return {f"{to}.weight": weights[f"{of}/gamma"], f"{to}.bias": weights[f"{of}/beta"]}
