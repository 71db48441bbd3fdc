"""Which device a replica computes on, and whether an error means that the device is lost."""

from collections.abc import Callable

AUTO, CPU, CUDA = "auto", "cpu", "cuda"


class DeviceMissing(Exception):
    """The spec demands a device this node has not."""


def choose(wanted: str, cuda_available: Callable[[], bool] | None = None) -> str:
    """`cpu` or `cuda:0`. `auto` takes cuda where there is one; `cuda` raises DeviceMissing where there is none.

    The one accelerator a replica uses is the first it is shown: its host sets CUDA_VISIBLE_DEVICES.
    """
    if wanted == CPU:
        return CPU
    if wanted not in (AUTO, CUDA):
        raise DeviceMissing(f"The device {wanted!r} is not known; it is one of {AUTO}, {CPU}, {CUDA}.")
    if (cuda_available or _torch_sees_cuda)():
        return "cuda:0"
    if wanted == CUDA:
        raise DeviceMissing(
            "The stage demands a CUDA device and this node shows none. Place it on another, or use auto."
        )
    return CPU


def is_engine_dead(error: BaseException) -> bool:
    """Whether every later call on the device would fail as well: a sticky CUDA error, but not lack of memory."""
    return type(error).__name__ == "AcceleratorError" or str(error).startswith("CUDA error")


def is_out_of_memory(error: BaseException) -> bool:
    """Host or device memory ran out, here or in what led to this error."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return error.__cause__ is not None and is_out_of_memory(error.__cause__)


def _torch_sees_cuda() -> bool:
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()
