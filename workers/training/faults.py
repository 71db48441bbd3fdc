"""What ended a job, in a code and a sentence."""

import errno
import traceback
from typing import Any

from safetensors import SafetensorError

from workers.serving.artifact import ArtifactCorrupt
from workers.serving.device import DeviceMissing, is_out_of_memory
from workers.training.families import FamilyMissing
from workers.training.loop import Diverged
from workers.training.samples import SamplesUnfit

#: Faults that say themselves what is wrong.
_OWN = {
    Diverged: "diverged",
    SamplesUnfit: "dataset_unfit",
    FamilyMissing: "model_not_trained_here",
    DeviceMissing: "device_missing",
    ArtifactCorrupt: "artifact_corrupt",
}
#: Not the job's fault: it may be tried again.
BUSY = "busy"
_LONGEST = 1500
_FULL = (errno.ENOSPC, errno.EDQUOT)


def told(error: BaseException, *, learns: bool = True) -> dict[str, Any]:
    """The fields of the event `failed`; where nothing learns, no recipe is to blame."""
    for kind, code in _OWN.items():
        if isinstance(error, kind):
            notes = getattr(error, "__notes__", [])  # of a corrupt artifact, which version it is
            told = {"code": code, "message": str(error), "path": getattr(error, "path", "")}
            return told | ({"version": int(notes[0])} if notes else {})
    if is_out_of_memory(error):
        return {"code": "out_of_memory", "message": f"Memory ran out: {error}. A smaller batch_size takes less."}
    if _is_disk_full(error):
        return {"code": "disk_full", "message": f"The disk of its node is full: {error}."}
    if isinstance(error, BlockingIOError):
        return {"code": BUSY, "message": f"{error.strerror}: it is still ending, or two workers share a QUARTET_HOME."}
    last = traceback.format_exception(error)[-1].strip()
    frame = (traceback.extract_tb(error.__traceback__) or [None])[-1]
    where = f" ({frame.name}, line {frame.lineno})" if frame else ""
    code, what = ("recipe_failed", "The recipe") if learns else ("evaluation_failed", "The evaluation")
    return {"code": code, "message": f"{what} failed: {last[:_LONGEST]}{where}"}


def _is_disk_full(error: BaseException) -> bool:
    """safetensors says in words alone what the system told it."""
    if isinstance(error, SafetensorError):
        return any(f"(os error {number})" in str(error) for number in _FULL)
    return isinstance(error, OSError) and error.errno in _FULL
