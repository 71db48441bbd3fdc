"""Which node is asked to run a job. A node may still decline; then the next one is asked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A node that is up: what it has, and how many jobs it runs."""

    name: str
    classes: Collection[str]
    memory_free: int
    running: int


def choose(
    device: str, memory_bytes: int, places: Sequence[Place], *, ran_on: str = "", asked: str = "", slots: int = 1
) -> tuple[str, str]:
    """The name of the node to ask, or an empty one and why nobody is asked.

    `ran_on` is the node that has its checkpoint, and is asked first; `asked` is the one that was asked last, in vain:
    the next one's turn has come. `device` is `auto`, `cpu` or `cuda`; `auto` prefers nodes with CUDA.
    """
    if not places:
        return "", "No node is up."
    able = [place for place in places if device in ("auto", "cpu") or device in place.classes]
    if not able:
        return "", f"No node that is up has a {device} device."
    free = [place for place in able if place.running < slots]
    if not free:
        return "", "Every node that could run it is training already."
    roomy = [place for place in free if place.memory_free >= memory_bytes]
    if not roomy:
        most = max(place.memory_free for place in free)
        return "", f"It may take {memory_bytes:,} bytes of memory, and no node has more than {most:,} free."
    names = [place.name for place in sorted(roomy, key=lambda each: (_second(device, each), each.name))]
    if ran_on in names and asked != ran_on:
        return ran_on, ""
    return names[(names.index(asked) + 1) % len(names) if asked in names else 0], ""


def _second(device: str, place: Place) -> bool:
    return device == "auto" and "cuda" not in place.classes
