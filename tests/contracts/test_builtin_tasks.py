"""The registry and the replicas know the same built-in tasks: they share no code, so this holds them together."""

import importlib

import pytest

from apps.registry.rules.manifest_parts import BUILTIN_TASKS
from workers.serving.builtin import TASKS
from workers.serving.hooks import HOOKS


def test_a_manifest_may_name_every_built_in_task_and_no_other() -> None:
    assert set(BUILTIN_TASKS) == set(TASKS)


@pytest.mark.parametrize("task", TASKS)
def test_every_task_names_a_handler(task: str) -> None:
    module, name = TASKS[task]
    handler = getattr(importlib.import_module(module), name)
    assert all(callable(getattr(handler, hook)) for hook in HOOKS)
