"""Snapshots, requests and media the serving tests share. Built fresh by each call; nothing here is cached."""

import base64
import hashlib
import io
from typing import Any

import msgspec
import numpy as np
import orjson
import soundfile
from PIL import Image

from workers.serving.routing import DeploymentRoute

GOOD_KEY = "qk_good"
REVOKED_KEY = "qk_revoked"
EXPIRED_KEY = "qk_expired"
SCOPELESS_KEY = "qk_scopeless"
ELSEWHERE_KEY = "qk_elsewhere"

VECTOR = {"name": "x", "modality": "tensor", "datatype": "FP32", "shape": [-1, 2]}
IMAGE = {
    "name": "image",
    "modality": "image",
    "datatype": "BYTES",
    "shape": [-1],
    "media_types": ["image/png"],
    "max_pixels": 10_000,
    "required": False,
}
SOUND = {
    "name": "sound",
    "modality": "audio",
    "datatype": "BYTES",
    "shape": [-1],
    "media_types": ["audio/wav"],
    "sample_rate": 8000,
    "max_seconds": 2,
    "required": False,
}
CLIP = {
    "name": "clip",
    "modality": "video",
    "datatype": "BYTES",
    "shape": [-1],
    "media_types": ["video/mp4", "video/webm"],
    "max_pixels": 112 * 112,
    "max_seconds": 4,
    "max_frames": 100,
    "sample_rate": 8000,
    "required": False,
}
TEXT = {"name": "text", "modality": "text", "datatype": "BYTES", "shape": [-1]}


def deployment(**changes: Any) -> dict[str, Any]:
    """One deployment of a snapshot as the control plane publishes it."""
    return {
        "model": "doubler",
        "ready": True,
        "inputs": [VECTOR],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}],
        "require_any": [],
        "splits": [split()],
        "timeout_ms": 20_000,
        "max_in_flight": 256,
    } | changes


def split(revision: int = 1, weight: int = 100, path: Any = None, **changes: Any) -> dict[str, Any]:
    return {
        "revision": revision,
        "version": str(revision),
        "weight": weight,
        "path": way(*(path or [f"quartet:stage:doubler:{revision}:all"])),
        "ready_replicas": 1,
    } | changes


def way(*streams: str) -> list[dict[str, Any]]:
    """Stages one after the other."""
    last = len(streams) - 1
    return [
        {
            "stage": stream.rpartition(":")[2],
            "stream": stream,
            "then": [at + 1] if at < last else [],
            "joins": int(at > 0),
        }
        for at, stream in enumerate(streams)
    ]


def key(secret: str, number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": number,
        "hash": hashlib.sha256(secret.encode()).hexdigest(),
        "scopes": ["infer"],
        "deployments": [],
        "expires_at": None,
        "revoked": False,
    } | changes


def snapshot(number: int = 1, **deployments: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": number,
        "published_at": "2026-01-01T00:00:00Z",
        "keys": [
            key(GOOD_KEY, 1),
            key(REVOKED_KEY, 2, revoked=True),
            key(EXPIRED_KEY, 3, expires_at="2020-01-01T00:00:00Z"),
            key(SCOPELESS_KEY, 4, scopes=["read"]),
            key(ELSEWHERE_KEY, 5, deployments=["elsewhere"]),
        ],
        "deployments": deployments,
    }


def route(**changes: Any) -> DeploymentRoute:
    return msgspec.convert(deployment(**changes), DeploymentRoute)


def tensor(name: str = "x", data: Any = (1, 2), shape: Any = (1, 2), datatype: str = "FP32") -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": list(shape), "data": list(data)}


def body(*inputs: dict[str, Any], **more: Any) -> bytes:
    return orjson.dumps({"inputs": list(inputs), **more})


def png(size: tuple[int, int] = (8, 6), mode: str = "RGB") -> bytes:
    return picture(Image.new(mode, size, 7), "PNG")


def picture(image: Image.Image, form: str) -> bytes:
    file = io.BytesIO()
    image.save(file, form)
    return file.getvalue()


def wav(seconds: float = 0.1, rate: int = 8000, channels: int = 1) -> bytes:
    time = np.arange(int(seconds * rate)) / rate
    wave = np.repeat((0.5 * np.sin(2 * np.pi * 440 * time))[:, None], channels, axis=1)
    file = io.BytesIO()
    soundfile.write(file, wave, rate, format="WAV", subtype="PCM_16")
    return file.getvalue()


def base64_text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
