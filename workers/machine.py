"""What this machine is and has left, without importing torch: the worker that asks must stay small."""

import os
import subprocess
from pathlib import Path
from typing import Any

import psutil
import structlog

from apps.deployments.services import NodeFacts

log = structlog.get_logger(__name__)

_CGROUP = Path("/sys/fs/cgroup")
_MIB = 1024**2
_QUERY = ("nvidia-smi", "--query-gpu=index,uuid,name,memory.total,memory.free", "--format=csv,noheader,nounits")


def facts(slots: int) -> NodeFacts:
    """This machine's cores, memory and accelerators now; `slots` is how many replicas it may host."""
    total, free = memory()
    found = devices()
    return NodeFacts(
        cores=cores(),
        slots=slots,
        memory_total=total,
        memory_free=free,
        device_classes=["cpu", *({"cuda"} if found else ())],
        devices=found,
    )


def cores() -> int:
    """Processor cores that this process may use: its affinity, less where a container's quota is smaller."""
    allowed = len(os.sched_getaffinity(0))
    quota, _, period = _read("cpu.max").partition(" ")
    return max(1, min(allowed, int(quota) // int(period))) if quota.isdigit() else allowed


def memory() -> tuple[int, int]:
    """Bytes in total and free, of the machine or of the container that holds this process."""
    machine = psutil.virtual_memory()
    limit, used = _read("memory.max"), _read("memory.current")
    if not (limit.isdigit() and used.isdigit()):
        return machine.total, machine.available
    left = int(limit) - int(used) + _cached()
    return min(machine.total, int(limit)), max(0, min(machine.available, left))


def _cached() -> int:
    """Bytes of file cache that the kernel counts as used but gives back when asked."""
    lines = (line.split() for line in _read("memory.stat").splitlines())
    return next((int(value) for name, value in lines if name == "inactive_file"), 0)


def _read(name: str) -> str:
    try:
        return (_CGROUP / name).read_text().strip()
    except OSError:
        return ""


def devices() -> list[dict[str, Any]]:
    """CUDA devices as Node.devices, numbered as torch numbers them in a replica; empty where there are none."""
    try:
        answer = subprocess.run(_QUERY, capture_output=True, text=True, timeout=10, check=True).stdout
    except FileNotFoundError:
        return []
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("nvidia-smi does not answer, so this node counts as having no CUDA device", reason=str(error))
        return []
    rows = [[field.strip() for field in line.split(",")] for line in answer.splitlines() if line.count(",") == 4]
    seen = list(enumerate(_visible(rows)))
    told = [(number, row) for number, row in seen if row[3].isdigit() and row[4].isdigit()]
    if len(told) < len(seen):
        log.warning("nvidia-smi does not tell the memory of a device, so it is not counted", answer=answer)
    return [_device(number, row) for number, row in told]


def visible_devices(device: str) -> str:
    """CUDA_VISIBLE_DEVICES for a replica on `device`, as `devices` named it; empty for one on the processor."""
    if not device.startswith("cuda:"):
        return ""
    number = int(device.removeprefix("cuda:"))
    ours = os.environ.get("CUDA_VISIBLE_DEVICES")
    return str(number) if ours is None else ours.split(",")[number].strip()


def _visible(rows: list[list[str]]) -> list[list[str]]:
    """The rows that CUDA_VISIBLE_DEVICES leaves, in its order; it names devices by index or by UUID."""
    wanted = os.environ.get("CUDA_VISIBLE_DEVICES")
    if wanted is None:
        return rows
    names = [name.strip() for name in wanted.split(",")]
    return [row for name in names for row in rows if name and (name == row[0] or row[1].startswith(name))]


def _device(number: int, row: list[str]) -> dict[str, Any]:
    _, _, model, total, free = row
    sizes = {"memory_total": int(total) * _MIB, "memory_free": int(free) * _MIB}
    return {"name": f"cuda:{number}", "class": "cuda", "model": model, **sizes}
