"""What a kept input is, told off the hot path. What cannot be read is kept all the same: it may be just what made a
model fail."""

from apps.datasets.services import Content
from workers.file_signals import described
from workers.serving.tensors import Tensor


def content(modality: str, tensor: Tensor) -> Content:
    """The bytes of one input of one sample, with their description."""
    return Content(*described(modality, tensor))
