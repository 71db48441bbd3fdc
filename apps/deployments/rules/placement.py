"""Which node and device a replica goes to: one that has room, and of these the one with the fewest replicas."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

CPU, CUDA, AUTO = "cpu", "cuda", "auto"
#: What Python, torch and the engine take before any weights; measured with the demo's model, rounded up.
RUNTIME_BYTES = 512 * 1024**2
_MIB = 1024**2


@dataclass(slots=True)
class Room:
    """What a living node has left; `take` makes it less. Memory is in bytes, `devices` is accelerator name -> free."""

    node: int
    name: str
    memory: int
    slots: int
    replicas: int = 0
    devices: dict[str, int] = field(default_factory=dict)

    def take(self, device: str, need: int) -> None:
        """Set aside what a replica on `device` will use."""
        self.memory -= need
        self.slots -= 1
        self.replicas += 1
        if device in self.devices:
            self.devices[device] -= need

    def give_back(self, device: str, held: int) -> None:
        """What will be there again once a replica on `device` has ended."""
        self.memory += held
        self.slots += 1
        self.replicas -= 1
        if device in self.devices:
            self.devices[device] += held


def memory_need(measured: int | None, size: int) -> int:
    """Bytes that a replica will take: what one was seen to take, or a guess from the size of its files."""
    return measured or 3 * size + RUNTIME_BYTES


@dataclass(frozen=True, slots=True)
class Whole:
    """What a node has in all, whoever uses it now. Memory in bytes; `devices` is that of each accelerator."""

    name: str
    memory: int
    devices: tuple[int, ...] = ()

    def best(self, device: str) -> int:
        """The most that one replica could be given here."""
        return min(self.memory, max(self.devices, default=0)) if device == CUDA else self.memory


def never_fits(need: int, device: str, nodes: Sequence[Whole]) -> str:
    """Why a replica of `need` bytes has no place on any of `nodes` even were they empty; empty where it has one.

    No device at all is no refusal: a node with one may still join, and placement says what it waits for.
    """
    most = max(nodes, key=lambda node: node.best(device), default=None)
    if most is None or most.best(device) >= need or (device == CUDA and not most.devices):
        return ""
    what = "accelerator, on" if device == CUDA else "node,"
    there = f"the largest {what} {most.name}, has {most.best(device) // _MIB} MiB in all"
    return f"A replica takes {need // _MIB} MiB as measured, and {there}."


def device_class(wanted: str, steps: Iterable[str], manifest_stages: Iterable[Mapping[str, str]]) -> str:
    """`cpu`, `cuda` or `auto`: what the revision says, or else the most that the manifest asks for these steps."""
    if wanted != AUTO:
        return wanted
    asked = {stage["device"] for stage in manifest_stages if stage["name"] in set(steps)}
    return next((choice for choice in (CUDA, AUTO) if choice in asked), CPU)


def choose(rooms: Iterable[Room], need: int, device: str) -> tuple[Room, str] | None:
    """The best room with the device to use there, or None. With `auto`, an accelerator comes before a processor."""
    fits = [(room, name) for room in rooms for name in _devices(room, need, device)]
    return min(fits, key=_rank, default=None)


def refusal(rooms: Iterable[Room], need: int, device: str) -> str:
    """Why `choose` found nothing, as a sentence for the operator."""
    able = [room for room in rooms if device != CUDA or room.devices]
    if not able:
        return "No node with a CUDA device is up." if device == CUDA else "No node is up: start an accelerator worker."
    free = [room for room in able if room.slots > 0]
    if not free:
        return "Every node hosts as many replicas as it may: add a node."
    most = max(free, key=lambda room: room.memory)
    left = f"{most.memory // _MIB} MiB on {most.name}"
    return f"A replica needs {need // _MIB} MiB of memory on its node and device; the most that is free is {left}."


def _devices(room: Room, need: int, device: str) -> list[str]:
    if room.slots <= 0 or room.memory < need:
        return []
    accelerators = [name for name, free in room.devices.items() if free >= need] if device != CPU else []
    return accelerators or ([CPU] if device != CUDA else [])


def _rank(option: tuple[Room, str]) -> tuple[bool, int, int, str, str]:
    room, device = option
    return (device == CPU, room.replicas, -room.devices.get(device, room.memory), room.name, device)
