"""Which outputs a recorded prediction is read from: the label and the scores, as declared or as it is plain to see."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

Role = Literal["label", "scores"]
LABEL, SCORES = "label", "scores"

#: Datatypes that can name a class.
_NAMING = ("BOOL", "BYTES")
_NUMBERS = {
    **{f"INT{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"UINT{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
}
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,19}")
#: Characters of a truth; of a label as many are recorded (workers/serving/record.py).
TRUTH_LENGTH = 1000


def role_fault(role: str, datatype: str, shape: Sequence[int]) -> str | None:
    """What keeps an output from having this role, as the end of a sentence; or None."""
    if role == LABEL and not _may_be(LABEL, datatype, shape):
        return "has the role label: its datatype is then BOOL, BYTES, INT or UINT and its shape [-1]"
    if role == SCORES and not _may_be(SCORES, datatype, shape):
        return "has the role scores: its datatype is then FP16, FP32 or FP64 and its shape [-1, n]"
    return None


def with_roles(outputs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A manifest's outputs with their roles spelt out: where none is said, the only output that fits a role has it."""
    found = {role: _the_one(role, outputs) for role in (LABEL, SCORES)}
    return [
        {**output, "role": next((role for role, name in found.items() if name == output["name"]), None)}
        for output in outputs
    ]


def label_output(outputs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The output that names the class of each sample, if there is one."""
    name = _the_one(LABEL, outputs)
    return next((output for output in outputs if output["name"] == name), None)


def truth_fault(truth: str, output: Mapping[str, Any] | None) -> str | None:
    """Why `truth` cannot be what this label output should have said, as a sentence; or None.

    Without a label output, or where it declares no classes, whatever its datatype can hold may be true.
    """
    if len(truth) > TRUTH_LENGTH or "\0" in truth:
        return f"A truth is at most {TRUTH_LENGTH} characters, none of them NUL."
    if output is None:
        return None
    classes, datatype = output.get("classes"), output["datatype"]
    if classes and truth not in map(str, classes):
        return f"'{truth[:80]}' is none of the classes {_listed([str(each) for each in classes])}."
    if datatype in _NUMBERS and not _holds(_NUMBERS[datatype], truth):
        return f"'{truth[:80]}' is no {datatype}, which output '{output['name']}' gives."
    if datatype == "BOOL" and truth not in ("true", "false"):
        return f"'{truth[:80]}' is neither true nor false, which output '{output['name']}' gives."
    return None


def _the_one(role: str, outputs: Sequence[Mapping[str, Any]]) -> str | None:
    """Name of the output that declares the role; or of the one that fits it, where no output has a role."""
    for output in outputs:
        if output.get("role") == role:
            return str(output["name"])
    if any(output.get("role") for output in outputs):
        return None
    fitting = [output["name"] for output in outputs if _may_be(role, output["datatype"], output["shape"])]
    return fitting[0] if len(fitting) == 1 else None


def _may_be(role: str, datatype: str, shape: Sequence[int]) -> bool:
    if role == LABEL:
        return len(shape) == 1 and (datatype in _NUMBERS or datatype in _NAMING)
    return len(shape) == 2 and datatype.startswith("FP")


def _holds(limits: tuple[int, int], text: str) -> bool:
    return bool(_WHOLE.fullmatch(text)) and limits[0] <= int(text) <= limits[1]


def _listed(classes: list[str]) -> str:
    shown = ", ".join(classes[:20])
    return f"{shown} and {len(classes) - 20} more" if len(classes) > 20 else shown
