"""docs/models.md is true: its manifests are taken, and it tells of every task and every packaged model."""

import re
from pathlib import Path

import pytest

from apps.registry.rules.infer_manifest import _TASKS
from apps.registry.rules.manifest import manifest_parse
from apps.registry.rules.manifest_parts import BUILTIN_TASKS
from workers.models import minilm, sentiment, whisper
from workers.serving.builtin.generation import DEFAULT_LIMIT

PAGE = (Path(__file__).parents[2] / "docs/models.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.split("\n")[1])
def test_an_example_is_taken_and_served_by_its_own_task(example: str) -> None:
    manifest = manifest_parse(example.encode())
    assert {stage.handler for stage in manifest.stages} == {f"builtin:{manifest.task}"}


@pytest.mark.parametrize("task", BUILTIN_TASKS)
def test_every_task_has_a_row(task: str) -> None:
    assert f"\n| `{task}` |" in PAGE


@pytest.mark.parametrize("architecture", re.findall(r"`(\w+Model)`", PAGE))
def test_a_manifest_is_inferred_for_every_architecture_that_is_named(architecture: str) -> None:
    assert architecture in _TASKS


@pytest.mark.parametrize("model", [minilm, sentiment, whisper], ids=lambda model: model.__name__)
def test_every_packaged_model_is_told_with_command_package_and_licence(model) -> None:
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{model.MANIFEST['name']}` |")]
    for told in (f"python -m {model.__name__} --to DIR", model.SOURCE.package, model.MANIFEST["license"]):
        assert told in row


def test_the_limit_on_the_page_is_that_of_the_code() -> None:
    assert f"else {DEFAULT_LIMIT}," in PAGE
