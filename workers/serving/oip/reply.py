"""Samples -> an inference reply's bytes, in JSON or with tensors as raw bytes after it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import orjson

from workers.serving.errors import BadOutput, ModelOutputWrong
from workers.serving.oip.request import Wanted
from workers.serving.tensors import BYTES, Sample, Tensor, numbers_of


def encode(
    model: str,
    version: str,
    identifier: str,
    prediction: str,
    wanted: list[Wanted],
    samples: list[Sample],
    more: Mapping[str, Any] = MappingProxyType({}),
) -> tuple[bytes, int | None]:
    """The body and, when an output was wanted in binary, the length of its JSON part.

    `more` stands in its parameters beside the prediction's id. Numbers that JSON has not (NaN and the infinities)
    become null in the JSON form. Raises ModelOutputWrong when the samples' outputs do not stack, BadOutput when bytes
    that are no text are wanted in JSON.
    """
    tail: list[bytes] = []
    outputs = [_output(each, [sample[each.name] for sample in samples], tail) for each in wanted]
    document = {
        "model_name": model,
        "model_version": version,
        "id": identifier,
        "parameters": {"prediction_id": prediction, **more},
        "outputs": outputs,
    }
    head = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return (b"".join([head, *tail]), len(head)) if tail else (head, None)


def _output(wanted: Wanted, parts: list[Tensor], tail: list[bytes]) -> dict[str, Any]:
    first = parts[0]
    if len(parts) > 1 and any(part.shape != first.shape for part in parts):
        raise ModelOutputWrong(f"Output '{wanted.name}' has another shape in one sample than in the next.")
    output: dict[str, Any] = {
        "name": wanted.name,
        "datatype": first.datatype,
        "shape": [len(parts), *first.shape],
    }
    if wanted.binary:
        raw = _raw(parts)
        output["parameters"] = {"binary_data_size": len(raw)}
        tail.append(raw)
    else:
        output["data"] = _json(wanted.name, parts)
    return output


def _raw(parts: list[Tensor]) -> bytes:
    if parts[0].datatype != BYTES:
        return parts[0].numbers if len(parts) == 1 else b"".join([part.numbers for part in parts])
    elements = [element for part in parts for element in part.elements]
    return b"".join(len(each).to_bytes(4, "little") + each for each in elements)


def _json(name: str, parts: list[Tensor]) -> Any:
    if parts[0].datatype != BYTES:
        return numbers_of(parts[0].datatype, _raw(parts))
    try:
        return [element.decode() for part in parts for element in part.elements]
    except UnicodeDecodeError:
        raise BadOutput(f"Output '{name}' is bytes that are no text: ask for it with binary_data true.") from None
