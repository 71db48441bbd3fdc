"""What a job may take: seconds, memory and disk, and the words in which a limit ends it."""

from dataclasses import dataclass

MIB = 1024**2
GIB = 1024**3

#: Limit -> least, most and usual.
LIMITS: dict[str, tuple[int, int, int]] = {
    "seconds": (1, 7 * 86_400, 3600),
    "memory_bytes": (64 * MIB, 4096 * GIB, 4 * GIB),
    "disk_bytes": (MIB, 4096 * GIB, 8 * GIB),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What a job took so far: seconds of all attempts together, bytes of memory and disk now."""

    seconds: float
    memory_bytes: int
    disk_bytes: int


@dataclass(frozen=True, slots=True)
class Allowed:
    """What it may take."""

    seconds: int
    memory_bytes: int
    disk_bytes: int


def exceeded(taken: Taken, allowed: Allowed) -> tuple[str, str] | None:
    """The code and the sentence of the limit that is passed, or None."""
    if taken.seconds > allowed.seconds:
        return "time_limit", f"It ran for {taken.seconds:,.0f} s, and {allowed.seconds:,} s are its limit."
    if taken.memory_bytes > allowed.memory_bytes:
        return (
            "memory_limit",
            f"It took {_mib(taken.memory_bytes)} of memory, and {_mib(allowed.memory_bytes)} are its limit.",
        )
    if taken.disk_bytes > allowed.disk_bytes:
        return "disk_limit", f"It wrote {_mib(taken.disk_bytes)} to disk, and {_mib(allowed.disk_bytes)} are its limit."
    return None


def _mib(size: int) -> str:
    return f"{size / MIB:,.0f} MiB"
