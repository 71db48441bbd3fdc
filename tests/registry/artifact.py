"""A small artifact that is right in every way, and the steps that bring it in."""

import io
import json
import struct
from dataclasses import dataclass, field
from typing import Any

from apps.core.models import User
from apps.registry import services
from apps.registry.models import ModelVersion, RegisteredModel, Upload

MANIFEST = b"""format: 1
name: echo
task: echo
inputs:
  - {name: text, modality: text, datatype: BYTES, shape: [-1]}
outputs:
  - {name: length, datatype: INT64, shape: [-1]}
stages:
  - {name: preprocess, handler: "echo:Echo"}
  - {name: infer, handler: "echo:Echo"}
  - {name: postprocess, handler: "echo:Echo"}
samples:
  - {text: hello}
"""
HANDLER = b"class Echo:\n    def predict(self, batch):\n        return batch\n"


def safetensors(values: tuple[float, ...] = (1.0, 2.0)) -> bytes:
    """A whole safetensors file with one tensor."""
    data = struct.pack(f"<{len(values)}f", *values)
    header = json.dumps({"w": {"dtype": "F32", "shape": [len(values)], "data_offsets": [0, len(data)]}}).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + data


def files() -> dict[str, bytes]:
    """The artifact's files by path."""
    return {"model.yaml": MANIFEST, "echo.py": HANDLER, "weights/model.safetensors": safetensors()}


@dataclass
class Publisher:
    """Somebody who brings files to one model."""

    actor: User
    model: RegisteredModel
    upload: Upload = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> "Publisher":
        """Open a new upload."""
        self.upload = services.upload_start(actor=self.actor, model=self.model)
        return self

    def send(self, path: str, content: bytes, **rest: Any) -> Any:
        """Bring one file, or with `offset` and `total` a part of it."""
        return services.upload_write(
            actor=self.actor, upload=self.upload, path=path, stream=io.BytesIO(content), length=len(content), **rest
        )

    def send_all(self, contents: dict[str, bytes]) -> "Publisher":
        """Bring several files."""
        for path, content in contents.items():
            self.send(path, content)
        return self

    def register(self, **rest: Any) -> tuple[ModelVersion, bool]:
        """Register what was brought."""
        return services.version_register(actor=self.actor, model=self.model, upload=self.upload, **rest)


def publisher(actor: User, name: str = "echo") -> Publisher:
    """`actor` with a model of that name and an upload open."""
    model = RegisteredModel.objects.filter(name=name).first() or services.model_create(actor=actor, name=name)
    return Publisher(actor, model)


def version(actor: User, name: str = "echo", weights: tuple[float, ...] = (1.0, 2.0)) -> ModelVersion:
    """A registered version whose weights are these numbers."""
    bringing = publisher(actor, name).send_all(files() | {"weights/model.safetensors": safetensors(weights)})
    return bringing.register()[0]
