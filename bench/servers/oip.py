"""The request and the answer in Open Inference Protocol v2 JSON, for peers that leave the format to their user."""

from typing import Any


def text(request: dict[str, Any]) -> str:
    """The one text of a request."""
    return str(request["inputs"][0]["data"][0])


def answer(row: list[float]) -> dict[str, Any]:
    """One text's outputs."""
    return {
        "model_name": "m",
        "outputs": [{"name": "embedding", "shape": [1, len(row)], "datatype": "FP32", "data": row}],
    }
