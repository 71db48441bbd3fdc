"""What a kept input is, measured off the hot path: its media type and figures such as width, seconds or mean.

The bytes are a caller's and may be anything. What cannot be read is described as such and kept all the same: it may be
just what made a model fail.
"""

import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from apps.datasets.services import Content
from workers.serving.tensors import BYTES, Tensor, numbers_of

#: Larger pictures have their brightness left out: decoding them would take too long.
_PIXELS_MOST = 16_000_000
_BINARY = "application/octet-stream"
_SIDE = 64  # pixels, of the small picture that brightness is told from


def content(modality: str, tensor: Tensor) -> Content:
    """The bytes of one input of one sample, with their description."""
    raw = _raw(tensor)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            media_type, descriptors = _BY_MODALITY.get(modality, _binary)(tensor, raw)
    except Exception as error:  # whatever a decoder thinks of it
        media_type, descriptors = _BINARY, {"problem": f"{type(error).__name__}: {error}"[:200].replace("\0", "")}
    return Content(raw, media_type, {"modality": modality, **descriptors})


def _raw(tensor: Tensor) -> bytes:
    """A file is kept as it came, numbers as they lie; several elements of BYTES each after their length."""
    if not isinstance(tensor.data, list):
        return bytes(tensor.data)
    if len(tensor.data) == 1:
        return bytes(tensor.data[0])
    return b"".join(len(each).to_bytes(4, "little") + each for each in tensor.data)


def _text(tensor: Tensor, raw: bytes) -> tuple[str, dict[str, Any]]:
    text = raw.decode()
    return "text/plain; charset=utf-8", {"characters": len(text), "words": len(text.split())}


def _image(tensor: Tensor, raw: bytes) -> tuple[str, dict[str, Any]]:
    from PIL import Image

    with Image.open(io.BytesIO(raw)) as picture:
        figures: dict[str, Any] = {"width": picture.width, "height": picture.height, "mode": picture.mode}
        media_type = picture.get_format_mimetype() or _BINARY
        if picture.width * picture.height <= _PIXELS_MOST:
            picture.draft("L", (_SIDE, _SIDE))
            grey = np.asarray(picture.convert("L").resize((_SIDE, _SIDE)), np.float32) / 255
            figures |= {"brightness": _round(grey.mean()), "contrast": _round(grey.std())}
    return media_type, figures


def _audio(tensor: Tensor, raw: bytes) -> tuple[str, dict[str, Any]]:
    import soundfile

    if raw[4:8] == b"ftyp" or raw[:4] == b"\x1aE\xdf\xa3":
        return _contained(raw, "audio")
    with soundfile.SoundFile(io.BytesIO(raw)) as sound:
        seconds = sound.frames / sound.samplerate
        figures = {"seconds": _round(seconds), "sample_rate": sound.samplerate, "channels": sound.channels}
        heard = sound.read(min(sound.frames, 60 * sound.samplerate), dtype="float32", always_2d=True)
        figures["loudness"] = _round(np.sqrt(np.mean(np.square(heard)))) if heard.size else 0.0
        return f"audio/{'ogg' if sound.format == 'OGG' else sound.format.lower()}", figures


def _video(tensor: Tensor, raw: bytes) -> tuple[str, dict[str, Any]]:
    return _contained(raw, "video")


def _contained(raw: bytes, kind: str) -> tuple[str, dict[str, Any]]:
    """From the container's own words; nothing is decoded."""
    import av

    with av.open(io.BytesIO(raw), mode="r") as container:
        figures: dict[str, Any] = {"seconds": _round((container.duration or 0) / 1e6)}
        if container.streams.video:
            picture = container.streams.video[0]
            figures |= {"width": picture.width, "height": picture.height, "frames": picture.frames}
        if container.streams.audio:
            figures["sample_rate"] = container.streams.audio[0].rate
        return f"{kind}/{'mp4' if 'mp4' in container.format.name else 'webm'}", figures


def _binary(tensor: Tensor, raw: bytes) -> tuple[str, dict[str, Any]]:
    figures: dict[str, Any] = {"datatype": tensor.datatype, "shape": list(tensor.shape)}
    if tensor.datatype != BYTES and raw:
        numbers = numbers_of(tensor.datatype, raw).astype(np.float64)
        finite = numbers[np.isfinite(numbers)]
        if finite.size:
            ends = {"least": finite.min(), "most": finite.max(), "mean": finite.mean(), "deviation": finite.std()}
            figures |= {name: _round(value) for name, value in ends.items() if np.isfinite(value)}
    return _BINARY, figures


def _round(value: Any) -> float:
    """Four digits that count."""
    return float(f"{float(value):.4g}")


_BY_MODALITY: dict[str, Callable[[Tensor, bytes], tuple[str, dict[str, Any]]]] = {
    "text": _text,
    "image": _image,
    "audio": _audio,
    "video": _video,
}
