"""Finds and makes the handler classes a manifest names: `module:Class` in the artifact, or `builtin:<task>`.

An artifact's modules live in a private package of their own: `from .features import spectrum` finds a sibling, while
`sys.path` and every other module stay as they were.
"""

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from workers.serving import builtin
from workers.serving.hooks import HOOKS, Handler
from workers.serving.steps import hosted

PACKAGE = "quartet_artifact"


class HandlerMissing(Exception):
    """A handler that cannot be found or is none; the message says which and why."""


def make(directory: Path, manifest: dict[str, Any], steps: tuple[str, ...]) -> dict[str, Handler]:
    """One handler object by step; steps that name the same handler share it. Not loaded yet. Raises HandlerMissing."""
    here = hosted(manifest, steps)
    hooks: dict[str, list[str]] = {}
    for step in here:
        hooks.setdefault(step.handler, []).append(step.hook)
    made = {name: find(directory, name, needed)() for name, needed in hooks.items()}
    return {step.name: made[step.handler] for step in here}


def find(directory: Path, name: str, hooks: Sequence[str] = HOOKS) -> type[Handler]:
    """The class a manifest's `handler` names, which must have `load` and these hooks. Raises HandlerMissing."""
    module_name, _, class_name = name.partition(":")
    if module_name == "builtin":
        return _builtin(class_name)
    try:
        module = _import(directory, module_name)
    except Exception as error:
        raise HandlerMissing(f"The handler module '{module_name}' cannot be imported: {error!r}") from error
    handler = getattr(module, class_name, None)
    missing = [hook for hook in ("load", *hooks) if not callable(getattr(handler, hook, None))]
    if handler is None or missing:
        raise HandlerMissing(f"The handler '{name}' has no {', '.join(missing) if handler else 'such class'}.")
    return handler  # type: ignore[no-any-return]


def _builtin(task: str) -> type[Handler]:
    if task not in builtin.TASKS:
        raise HandlerMissing(f"There is no handler 'builtin:{task}'; there are {', '.join(sorted(builtin.TASKS))}.")
    module_name, class_name = builtin.TASKS[task]
    return getattr(importlib.import_module(module_name), class_name)  # type: ignore[no-any-return]


def _import(directory: Path, module_name: str) -> ModuleType:
    package = ModuleType(PACKAGE)
    package.__path__ = [str(directory)]
    if getattr(sys.modules.get(PACKAGE), "__path__", None) != package.__path__:
        sys.modules[PACKAGE] = package
    return importlib.import_module(f"{PACKAGE}.{module_name}")
