"""An inference request's bytes -> `InferRequest`, checked against what the deployment declares.

Whatever the bytes are, the outcome is an InferRequest or one of errors.BadRequest, BadInput and BadOutput.
"""

from typing import Any

import msgspec
import orjson

from workers.serving import names
from workers.serving.errors import BadInput, BadOutput, BadRequest
from workers.serving.oip import elements, usual
from workers.serving.routing import DeploymentRoute, InputSpec
from workers.serving.tensors import BYTES, ITEM_BYTES, Sample, Tensor, element_count

MAX_SAMPLES = 64
MAX_ID_LENGTH = 256
_SHARED_MEMORY = "shared_memory_region"


class Wanted(msgspec.Struct):
    """One output of the reply, and whether as bytes after the JSON."""

    name: str
    binary: bool


class InferRequest(msgspec.Struct):
    """A request that fits its deployment."""

    id: str  # "" when the caller gave none
    samples: list[Sample]
    outputs: list[Wanted]
    input_names: tuple[str, ...]
    timeout: float | None = None  # seconds; the caller may only shorten the deployment's limit
    priority: int | None = None  # names.NORMAL, HIGH or LOW; None when the caller does not say


def decode(body: bytes | bytearray, header_length: int | None, route: DeploymentRoute) -> InferRequest:
    """`header_length` is the binary form's Inference-Header-Content-Length, None for plain JSON."""
    if header_length is None:
        return _decode_document(_parse(body), None, route)
    if header_length == 0:
        return _decode_raw(memoryview(body), route)
    if not 0 < header_length <= len(body):
        raise BadRequest(f"Inference-Header-Content-Length is {header_length} but the body has {len(body)} bytes.")
    view = memoryview(body)
    return _decode_document(_parse(view[:header_length]), view[header_length:], route)


def _parse(text: bytes | bytearray | memoryview) -> dict[str, Any]:
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not valid JSON: {error}.") from None
    if not isinstance(document, dict):
        raise BadRequest("The body must be a JSON object.")
    return document


def _decode_document(document: dict[str, Any], tail: memoryview | None, route: DeploymentRoute) -> InferRequest:
    parameters = _object(document.get("parameters"), "`parameters`")
    if "sequence_id" in parameters:
        raise BadRequest("`parameters` asks for a sequence; requests are answered one by one here.")
    inputs = document.get("inputs")
    sample = usual.sample(inputs, route) if tail is None else None
    if sample is None:
        samples, given = careful(inputs, tail, route)
    else:
        samples, given = [sample], route.input_names
    return InferRequest(
        id=_identifier(document.get("id")),
        samples=samples,
        outputs=_outputs(document.get("outputs"), bool(parameters.get("binary_data_output")), route),
        input_names=given,
        timeout=_timeout(parameters.get("timeout")),
        priority=_priority(parameters.get("priority")),
    )


def _decode_raw(body: memoryview, route: DeploymentRoute) -> InferRequest:
    """Header length 0: the whole body is the data of the deployment's single input, for one sample."""
    if len(route.inputs) != 1:
        raise BadRequest("Inference-Header-Content-Length is 0, which only a deployment with one input can take.")
    spec = route.inputs[0]
    shape = _raw_shape(spec, len(body))
    tensor = Tensor(BYTES, shape[1:], [bytes(body)]) if spec.datatype == BYTES else None
    tensor = tensor or elements.from_binary(spec, shape, body)[0]
    outputs = [Wanted(output.name, True) for output in route.outputs]
    return InferRequest("", [{spec.name: tensor}], outputs, (spec.name,))


def _raw_shape(spec: InputSpec, size: int) -> tuple[int, ...]:
    """The shape of the one sample that `size` bytes are, if at most one dimension is open."""
    dimensions = spec.shape[1:]
    known = element_count(tuple(each for each in dimensions if each != -1))
    count = 1 if spec.datatype == BYTES else size // ITEM_BYTES[spec.datatype]
    shape = (1, *(count // max(known, 1) if each == -1 else each for each in dimensions))
    if dimensions.count(-1) > 1 or element_count(shape) != count or not count:
        elements.refuse(spec, f"its shape cannot be told from a body of {size} bytes; send it with a JSON header")
    return shape


def careful(inputs: Any, tail: memoryview | None, route: DeploymentRoute) -> tuple[list[Sample], tuple[str, ...]]:
    """Samples, and the names of the inputs they have, of any form of inputs. Raises BadRequest and BadInput."""
    tensors = _inputs(inputs, tail, route)
    return _samples(tensors, route), tuple(tensors)


def _inputs(raw: Any, tail: memoryview | None, route: DeploymentRoute) -> dict[str, list[Tensor]]:
    if not isinstance(raw, list) or not raw:
        raise BadRequest("`inputs` must be a list with at least one input.")
    declared = {spec.name: spec for spec in route.inputs}
    tensors: dict[str, list[Tensor]] = {}
    at = 0
    for item in raw:
        spec = _declared(item, declared)
        if spec.name in tensors:
            elements.refuse(spec, "it is given twice")
        size = _binary_size(spec, item, tail, at)
        tensors[spec.name] = _tensors(spec, item, tail[at : at + size] if tail is not None and size >= 0 else None)
        at += max(size, 0)
    if tail is not None and at != len(tail):
        raise BadRequest(f"The inputs' binary_data_size add up to {at} bytes but {len(tail)} follow the JSON.")
    return tensors


def _declared(item: Any, declared: dict[str, InputSpec]) -> InputSpec:
    name = item.get("name") if isinstance(item, dict) else None
    if not isinstance(name, str):
        raise BadRequest("Each of `inputs` must be an object with a `name`.")
    if name not in declared:
        raise BadInput(f"Input '{name[:100]}' is not known; the model takes {', '.join(declared)}.")
    return declared[name]


def _binary_size(spec: InputSpec, item: dict[str, Any], tail: memoryview | None, at: int) -> int:
    """Bytes of this input after the JSON; -1 when its data are in the JSON."""
    parameters = item.get("parameters") or {}
    if not isinstance(parameters, dict):
        elements.refuse(spec, "`parameters` must be an object")
    if _SHARED_MEMORY in parameters:
        elements.refuse(spec, "shared memory is not offered; send the data in the body")
    size = parameters.get("binary_data_size")
    if size is None:
        return -1
    if type(size) is not int or size < 0:
        elements.refuse(spec, "`binary_data_size` must be a whole number")
    if tail is None or at + size > len(tail):
        elements.refuse(spec, f"`binary_data_size` is {size} but the body does not hold that many bytes after the JSON")
    return size


def _tensors(spec: InputSpec, item: dict[str, Any], raw: memoryview | None) -> list[Tensor]:
    datatype = item.get("datatype")
    if datatype != spec.datatype:
        # by its kind if it is no string, as the text of a list nested deep enough is a RecursionError
        told = datatype[:40] if isinstance(datatype, str) else elements.kinds({type(datatype)})
        elements.refuse(spec, f"its datatype is {spec.datatype}, not {told}")
    shape = _shape(spec, item.get("shape"))
    if raw is not None:
        return elements.from_binary(spec, shape, raw)
    return elements.from_json(spec, shape, item.get("data"))


def _shape(spec: InputSpec, raw: Any) -> tuple[int, ...]:
    if not isinstance(raw, list) or not raw or not all(type(each) is int and each > 0 for each in raw):
        elements.refuse(spec, "`shape` must be a list of whole numbers above zero, the number of samples first")
    shape = tuple(raw)
    fits = len(shape) == len(spec.shape) and all(
        wanted in (-1, sent) for wanted, sent in zip(spec.shape[1:], shape[1:], strict=True)
    )
    if not fits:
        elements.refuse(spec, f"its shape is {list(spec.shape)} (-1 is open), not {list(shape)[:16]}")
    if shape[0] > MAX_SAMPLES:
        elements.refuse(spec, f"a request may carry {MAX_SAMPLES} samples, not {shape[0]}")
    return shape


def _samples(tensors: dict[str, list[Tensor]], route: DeploymentRoute) -> list[Sample]:
    for spec in route.inputs:
        if spec.required and spec.name not in tensors:
            elements.refuse(spec, "it is missing and the model requires it")
    if route.require_any and not any(name in tensors for name in route.require_any):
        raise BadInput(f"At least one of the inputs {', '.join(route.require_any)} must be given; all are missing.")
    counts = {name: len(parts) for name, parts in tensors.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"'{name}' {count}" for name, count in counts.items())
        raise BadInput(f"The inputs disagree on the number of samples (first dimension of shape): {told}.")
    names = list(tensors)
    return [dict(zip(names, parts, strict=True)) for parts in zip(*tensors.values(), strict=True)]


def _outputs(raw: Any, all_binary: bool, route: DeploymentRoute) -> list[Wanted]:
    if raw is None or raw == []:
        return [Wanted(name, all_binary) for name in route.output_names]
    if not isinstance(raw, list):
        raise BadRequest("`outputs` must be a list.")
    known = {output.name for output in route.outputs}
    wanted = [_wanted(item, all_binary, known) for item in raw]
    if len({each.name for each in wanted}) < len(wanted):
        raise BadOutput("An output is asked for twice.")
    return wanted


def _wanted(item: Any, all_binary: bool, known: set[str]) -> Wanted:
    name = item.get("name") if isinstance(item, dict) else None
    if not isinstance(name, str):
        raise BadRequest("Each of `outputs` must be an object with a `name`.")
    if name not in known:
        raise BadOutput(f"Output '{name[:100]}' is not known; the model gives {', '.join(sorted(known))}.")
    parameters = _object(item.get("parameters"), f"`parameters` of output '{name}'")
    if "classification" in parameters or _SHARED_MEMORY in parameters:
        raise BadOutput(f"Output '{name}': the classification and shared memory extensions are not offered.")
    return Wanted(name, bool(parameters.get("binary_data", all_binary)))


def _object(raw: Any, what: str) -> dict[str, Any]:
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise BadRequest(f"{what} must be an object.")
    return raw


def _identifier(raw: Any) -> str:
    if raw is None:
        return ""
    if not isinstance(raw, str) or len(raw) > MAX_ID_LENGTH:
        raise BadRequest(f"`id` must be a string of at most {MAX_ID_LENGTH} characters.")
    return raw


def _priority(raw: Any) -> int | None:
    """As in Triton: 0 is the default and 1 the highest; here 2 is the default too, and 3 or more comes last."""
    if raw is None:
        return None
    if type(raw) is not int or raw < 0:
        raise BadRequest("`priority` must be a whole number: 1 comes first, 0 or 2 is the usual, 3 or more comes last.")
    return {0: names.NORMAL, 1: names.HIGH, 2: names.NORMAL}.get(raw, names.LOW)


def _timeout(raw: Any) -> float | None:
    """Seconds from the protocol's microseconds; 0 means none, as in Triton."""
    if raw is None or raw == 0:
        return None
    if type(raw) is not int or raw < 0:
        raise BadRequest("`timeout` must be a whole number of microseconds.")
    return raw / 1_000_000
