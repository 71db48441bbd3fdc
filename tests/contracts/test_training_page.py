"""docs/training.md is true, and both sides of a recipe know each other."""

import re
from pathlib import Path

import pytest

from apps.training.rules.evaluation import DEFAULT_CLAUSES, clause_spelt
from apps.training.rules.limits import GIB, LIMITS
from apps.training.rules.machine import FRUITLESS_MOST, State
from apps.training.rules.recipes import RECIPES
from apps.training.services import LEASE_SECONDS
from workers.training import faults
from workers.training.families import TASKS
from workers.training.recipes import RECIPES as DONE

PAGE = (Path(__file__).parents[2] / "docs/training.md").read_text()


def test_what_may_be_asked_is_what_can_be_done() -> None:
    assert RECIPES.keys() == DONE.keys()


@pytest.mark.parametrize("name", [*RECIPES, *TASKS])
def test_every_recipe_and_every_task_has_a_row(name: str) -> None:
    assert f"\n| `{name}` |" in PAGE


@pytest.mark.parametrize("code", sorted({*faults._OWN.values(), "out_of_memory", "disk_full", "recipe_failed"}))
def test_every_code_of_a_failure_is_on_the_page(code: str) -> None:
    assert f"`{code}`" in PAGE


@pytest.mark.parametrize("state", State)
def test_every_state_is_on_the_page(state: State) -> None:
    assert f"`{state}`" in PAGE


def test_the_numbers_are_those_of_the_code() -> None:
    assert f"a lease of {LEASE_SECONDS} s" in PAGE
    assert FRUITLESS_MOST == 3 and "Three attempts" in PAGE
    usual = {name: limits[2] for name, limits in LIMITS.items()}
    assert f"`seconds` ({usual['seconds']:,}," in PAGE
    assert f"`memory_bytes` ({usual['memory_bytes'] // GIB} GiB)" in PAGE
    assert f"`disk_bytes` ({usual['disk_bytes'] // GIB} GiB)" in PAGE
    spelt = clause_spelt(DEFAULT_CLAUSES[0])
    assert f"a share of the samples ({0})" in PAGE and f"of the test ({spelt['level']})" in PAGE
    assert f"samples that are needed to judge ({spelt['least']})" in PAGE
    assert re.sub(r"\s+", " ", PAGE).count('[{"slice": "all", "must": "not_be_worse", "by": 0.01}]') == 1
