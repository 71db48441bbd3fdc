"""The parts of a manifest: inputs by modality, outputs, stages. Unknown keys are refused with the nearest known one."""

import difflib
import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from apps.registry.rules.roles import Role, role_fault
from apps.registry.rules.stages import Hook

#: Tasks that have a handler built in (workers/serving/builtin).
BUILTIN_TASKS = (
    *("text-classification", "token-classification", "feature-extraction", "text-generation", "text2text-generation"),
    *("image-classification", "image-feature-extraction"),
    *("audio-classification", "automatic-speech-recognition"),
)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
Text = Annotated[str, StringConstraints(max_length=4000)]
Datatype = Literal[
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES"
]
#: What replicas can decode (workers/serving/media).
ImageType = Literal["image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff"]
AudioType = Literal["audio/wav", "audio/x-wav", "audio/flac", "audio/ogg", "audio/mpeg", "audio/mp4", "audio/webm"]
VideoType = Literal["video/mp4", "video/webm"]
#: Sizes of one sample's dimensions after the leading -1, the sample count; -1 for any size.
Shape = Annotated[list[Annotated[int, Field(ge=-1, le=2**31 - 1)]], Field(min_length=1, max_length=8)]


def complaint(predicate: str) -> PydanticCustomError:
    """A fault whose sentence is its place in the manifest followed by `predicate`."""
    return PydanticCustomError("predicate", "{text}", {"text": predicate})


class Part(BaseModel):
    """Base of every part: exact types, no unknown keys."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for key in data:
                if key not in cls.model_fields:
                    raise complaint(f"has the unknown key '{key}'{_nearest(str(key), list(cls.model_fields))}")
        return data


def _nearest(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean '{close[0]}'?" if close else f"; it may have {', '.join(known)}"


class Tensor(Part):
    """What inputs and outputs have in common: a name, an Open Inference Protocol datatype, a shape."""

    name: Name
    datatype: Datatype
    shape: Shape

    @field_validator("shape")
    @classmethod
    def _counts_samples(cls, shape: list[int]) -> list[int]:
        if shape[0] != -1:
            raise complaint("must begin with -1, the sample count")
        if 0 in shape:
            raise complaint("has a dimension of size 0")
        return shape


class Output(Tensor):
    """One tensor that comes back for every sample.

    `role` says what a recorded prediction takes from it (rules/roles.py); `classes` are the labels that there are.
    """

    role: Role | None = None
    classes: list[Annotated[str, Field(min_length=1, max_length=200)] | int] | None = Field(
        default=None, min_length=1, max_length=10_000
    )

    @model_validator(mode="after")
    def _role_fits(self) -> "Output":
        if self.role and (fault := role_fault(self.role, self.datatype, self.shape)):
            raise complaint(fault)
        if self.classes is None:
            return self
        if self.role != "label":
            raise complaint("has classes, which only an output with 'role: label' has")
        wanted = str if self.datatype == "BYTES" else int
        if not all(type(each) is wanted for each in self.classes):
            raise complaint(f"has classes that its datatype {self.datatype} cannot hold")
        if len({str(each) for each in self.classes}) < len(self.classes):
            raise complaint("has one of its classes twice")
        return self


class TensorInput(Tensor):
    """Numbers as they are."""

    modality: Literal["tensor"]
    required: bool = True


class _Media(Tensor):
    """A file's bytes, one element a sample."""

    required: bool = True

    @model_validator(mode="after")
    def _bytes_each(self) -> "_Media":
        if self.datatype != "BYTES" or self.shape != [-1]:
            raise complaint("is media: its datatype is BYTES and its shape [-1]")
        return self


class TextInput(_Media):
    """UTF-8 text."""

    modality: Literal["text"]
    max_characters: int = Field(default=20_000, ge=1, le=10_000_000)


class ImageInput(_Media):
    """One picture file; more pixels than `max_pixels` are refused before decoding."""

    modality: Literal["image"]
    media_types: list[ImageType] = Field(default=["image/png", "image/jpeg"], min_length=1)
    max_pixels: int = Field(default=16_000_000, ge=1, le=1_000_000_000)


class AudioInput(_Media):
    """One sound file, with the rate in Hz that the model was trained at."""

    modality: Literal["audio"]
    media_types: list[AudioType] = Field(default=["audio/wav"], min_length=1)
    sample_rate: int = Field(ge=1_000, le=384_000)
    max_seconds: float = Field(default=60.0, gt=0, le=24 * 3600)


class VideoInput(_Media):
    """One video file. Frames are those of the file, or `frames_per_second` of them; `sample_rate` in Hz asks for sound.

    `max_pixels` is of one frame, `max_frames` of what the handler is given.
    """

    modality: Literal["video"]
    media_types: list[VideoType] = Field(default=["video/mp4", "video/webm"], min_length=1)
    max_pixels: int = Field(default=2_100_000, ge=1, le=100_000_000)
    max_seconds: float = Field(default=60.0, gt=0, le=24 * 3600)
    max_frames: int = Field(default=600, ge=1, le=100_000)
    frames_per_second: float | None = Field(default=None, ge=0.01, le=240)
    sample_rate: int | None = Field(default=None, ge=1_000, le=384_000)


Input = Annotated[TextInput | ImageInput | AudioInput | VideoInput | TensorInput, Field(discriminator="modality")]


#: Least and most of what a batch may hold, in samples and in bytes.
BATCH_MAX = (1, 1024)
BATCH_BYTES = (1024**2, 1024**3)


class Stage(Part):
    """One step of the pipeline: `module:Class` of a Python file in the artifact, or `builtin:<task>`.

    `hook` is the method of the handler that it calls, `after` the stages that it takes from; None for the defaults of
    rules/stages.py. `batch_max` and `batch_bytes` count where a revision says nothing; None for what is usual.
    """

    name: Name
    handler: Annotated[str, StringConstraints(max_length=200)]
    device: Literal["auto", "cpu", "cuda"] = "auto"
    hook: Hook | None = None
    after: list[Name] | None = Field(default=None, max_length=32)
    batch_max: int | None = Field(default=None, ge=BATCH_MAX[0], le=BATCH_MAX[1])
    batch_bytes: int | None = Field(default=None, ge=BATCH_BYTES[0], le=BATCH_BYTES[1])

    @field_validator("handler")
    @classmethod
    def _handler_form(cls, handler: str) -> str:
        module, colon, target = handler.partition(":")
        if module == "builtin" and target in BUILTIN_TASKS:
            return handler
        if module == "builtin":
            raise complaint(f"names no built-in task; there are {', '.join(BUILTIN_TASKS)}")
        if not colon or not all(part.isidentifier() for part in module.split(".")) or not target.isidentifier():
            raise complaint("must be 'module:Class' of a Python file in the artifact, or 'builtin:<task>'")
        return handler

    @property
    def source(self) -> str | None:
        """The Python file that the handler lives in, or None for one that is built in."""
        module = self.handler.partition(":")[0]
        return None if module == "builtin" else module.replace(".", "/") + ".py"


def finite(value: float) -> float:
    """`value` itself; JSON has no word for the others."""
    if not math.isfinite(value):
        raise complaint("must be a finite number")
    return value
