"""Checkpoints on disk: there whole or not at all, the newest two, and only for the job that wrote them."""

import logging
import os
from pathlib import Path
from typing import Any

import torch

log = logging.getLogger(__name__)

_KEPT = 2
_NAME, _ENDING, _UNFINISHED = "step-{:09d}", ".pt", ".unfinished"


class Checkpoints:
    """Those in `directory` that are `bound` to one job: another recipe, seed or code could not go on from them."""

    def __init__(self, directory: Path, bound: str) -> None:
        self._directory = directory
        self._bound = bound
        directory.mkdir(parents=True, exist_ok=True)
        for left in directory.glob(f"*{_UNFINISHED}"):  # by one that was killed; the lock says that nobody writes now
            left.unlink(missing_ok=True)

    def write(self, state: dict[str, Any]) -> None:
        """Keep the state. Raises OSError; a checkpoint that could not be written leaves the earlier ones."""
        name = _NAME.format(state["step"])
        unfinished, path = self._directory / (name + _UNFINISHED), self._directory / (name + _ENDING)
        try:
            with unfinished.open("wb") as file:
                torch.save({"bound": self._bound, "state": state}, file)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        _sync(self._directory)
        for old in self._all()[_KEPT:]:
            old.unlink(missing_ok=True)

    def newest(self) -> dict[str, Any] | None:
        """The newest state that can be read; None where there is none. A damaged file gives way to the one before."""
        for path in self._all():
            try:
                kept = torch.load(path, weights_only=True, map_location="cpu")
            except Exception as error:  # whatever a damaged file makes of the reader
                log.warning("the checkpoint %s cannot be read and is passed over: %s", path.name, error)
                continue
            if kept.get("bound") == self._bound:
                return dict(kept["state"])
            log.warning("the checkpoint %s is of another job or release and is passed over", path.name)
        return None

    def _all(self) -> list[Path]:
        return sorted(self._directory.glob(f"*{_ENDING}"), reverse=True)


def _sync(directory: Path) -> None:
    """Make a rename survive a power cut."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
