"""model.yaml: from the file's bytes to the normalised manifest that everything downstream trusts."""

import math
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from apps.registry.errors import BadManifest
from apps.registry.rules.manifest_parts import Input, Name, Output, Part, Stage, Text, complaint, finite
from apps.registry.rules.paths import path_check
from apps.registry.rules.stages import graph_fault, spelt
from apps.registry.rules.yaml_reader import yaml_read

_FILE_MODALITIES = ("image", "audio", "video")


class Manifest(Part):
    """What a model version says of itself."""

    format: Literal[1]
    name: Name
    task: Annotated[str, Field(min_length=1, max_length=100)]
    description: Text = ""
    license: Annotated[str, Field(max_length=200)] = ""
    inputs: list[Input] = Field(min_length=1, max_length=64)
    require_any: list[Name] = []
    outputs: list[Output] = Field(min_length=1, max_length=64)
    stages: list[Stage] = Field(min_length=2, max_length=32)
    samples: list[dict[Name, Any]] = Field(default=[], max_length=100)
    metrics: dict[Annotated[str, Field(max_length=100)], Annotated[float, AfterValidator(finite)]] = {}

    @model_validator(mode="after")
    def _consistent(self) -> "Manifest":
        _names_once("inputs", [i.name for i in self.inputs])
        _names_once("outputs", [o.name for o in self.outputs])
        _names_once("stages", [stage.name for stage in self.stages])
        _roles_once([o.role for o in self.outputs if o.role])
        if fault := graph_fault(spelt(stage.model_dump() for stage in self.stages)):
            raise complaint(fault)
        self._check_require_any()
        for number, sample in enumerate(self.samples, start=1):
            self._check_sample(number, sample)
        return self

    def _check_require_any(self) -> None:
        required = {i.name: i.required for i in self.inputs}
        for name in self.require_any:
            if name not in required:
                raise complaint(f"names '{name}' in require_any, which is no input")
            if required[name]:
                raise complaint(f"names '{name}' in require_any, which is required anyway; set its 'required: false'")

    def _check_sample(self, number: int, sample: dict[str, Any]) -> None:
        where = f"has a sample {number} that"
        modality = {i.name: i.modality for i in self.inputs}
        for name, value in sample.items():
            if name not in modality:
                raise complaint(f"{where} names '{name}', which is no input")
            _check_value(f"{where} is wrong: '{name}'", modality[name], value)
        missing = [i.name for i in self.inputs if i.required and i.name not in sample]
        if missing:
            raise complaint(f"{where} lacks the required input '{missing[0]}'")
        if self.require_any and not set(self.require_any) & set(sample):
            raise complaint(f"{where} has none of {', '.join(self.require_any)}")

    def sample_files(self) -> list[str]:
        """The paths that samples point at, inside the artifact."""
        files = {i.name for i in self.inputs if i.modality in _FILE_MODALITIES}
        return [value for sample in self.samples for name, value in sample.items() if name in files]


def _names_once(what: str, names: list[str]) -> None:
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise complaint(f"has the name '{twice[0]}' twice in {what}")


def _roles_once(roles: list[str]) -> None:
    twice = [role for role in roles if roles.count(role) > 1]
    if twice:
        raise complaint(f"has the role '{twice[0]}' twice in outputs")


def _check_value(where: str, modality: str, value: Any) -> None:
    if modality == "tensor":
        if not _is_data(value):
            raise complaint(f"{where} must be numbers or texts, in lists as deep as its shape")
    elif not isinstance(value, str):
        raise complaint(f"{where} must be {'a text' if modality == 'text' else 'the path of a file in the artifact'}")
    elif modality in _FILE_MODALITIES:
        path_check(value)


def _is_data(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_data, value))
    return isinstance(value, (bool, int, str)) or (isinstance(value, float) and math.isfinite(value))


def manifest_parse(raw: bytes) -> Manifest:
    """The manifest in the bytes of model.yaml; raises BadManifest naming the place and the fault."""
    return manifest_build(yaml_read(raw))


def manifest_build(data: dict[str, Any]) -> Manifest:
    """The manifest in plain data; raises BadManifest."""
    try:
        return Manifest.model_validate(data)
    except ValidationError as error:
        faults = [_sentence(fault) for fault in error.errors(include_url=False)]
        raise BadManifest(f"model.yaml: {faults[0]}", faults=faults) from error


def manifest_normalise(manifest: Manifest) -> dict[str, Any]:
    """The manifest as JSON with every default spelt out."""
    data = manifest.model_dump(mode="json")
    return data | {"stages": spelt(data["stages"])}


#: Words for what pydantic says in its own.
_WORDS = {
    "missing": "is missing",
    "model_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "list_type": "must be a list",
    "string_type": "must be a text; put it in quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "union_tag_not_found": "needs a modality: text, image, audio, video or tensor",
    "union_tag_invalid": "has an unknown modality; there are text, image, audio, video and tensor",
    "string_pattern_mismatch": "has characters that are not allowed here, or begins or ends with the wrong one",
}


def _sentence(fault: Any) -> str:
    """One of pydantic's faults as `<place> <what is wrong>.`"""
    predicate = fault["msg"] if fault["type"] == "predicate" else _WORDS.get(fault["type"], f"is wrong: {fault['msg']}")
    place = _place(fault["loc"])
    return f"{place or 'it'} {predicate}{'' if predicate.endswith('?') else '.'}"


def _place(location: Sequence[int | str]) -> str:
    """(`inputs`, 0, `image`, `max_pixels`) -> `inputs[0].max_pixels`, without pydantic's tag of the union."""
    words: list[str] = []
    for position, step in enumerate(location):
        if isinstance(step, int):
            words[-1] += f"[{step}]"
        elif not (position == 2 and location[0] == "inputs"):
            words.append(step)
    return ".".join(words)
