"""Where a job computes: CUDA with bfloat16 where there is such a device, the processor otherwise."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from workers.serving.device import CUDA, DeviceMissing, choose

__all__ = ["PROCESSOR", "DeviceMissing", "Place", "place"]


@dataclass(frozen=True)
class Place:
    """A device, and whether the forward pass runs in bfloat16 there; weights and optimiser stay in float32."""

    device: str
    half: bool = False

    def __str__(self) -> str:
        return f"{self.device} with bfloat16" if self.half else self.device

    def forward(self) -> AbstractContextManager[Any]:
        """What the forward pass runs in."""
        return torch.autocast("cuda", torch.bfloat16) if self.half else nullcontext()


PROCESSOR = Place("cpu")


def place(
    wanted: str, cuda_available: Callable[[], bool] | None = None, knows_bfloat16: Callable[[], bool] | None = None
) -> Place:
    """The place for `auto`, `cpu` or `cuda`. Raises DeviceMissing where a CUDA device is demanded and there is none."""
    try:
        device = choose(wanted, cuda_available)
    except DeviceMissing as error:
        raise DeviceMissing("The job demands a CUDA device and this node shows none: choose auto or cpu.") from error
    if not device.startswith(CUDA):
        return Place(device)
    return Place(device, (knows_bfloat16 or torch.cuda.is_bf16_supported)())
