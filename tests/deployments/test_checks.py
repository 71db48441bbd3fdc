"""A wrong QUARTET_NODE is said at start-up."""

import pytest
from pytest_django.fixtures import Settings

from apps.deployments.checks import node_name


@pytest.mark.parametrize("name", ["", "n1", "gpu-7.example.org", "A" * 63])
def test_a_name_that_can_stand_in_a_queue_passes(settings: Settings, name: str) -> None:
    settings.QUARTET_NODE = name
    assert node_name(None) == []


@pytest.mark.parametrize("name", ["a b", "-a", "a.", "a/b", "a" * 64, "ä"])
def test_another_one_is_an_error_that_says_what_to_do(settings: Settings, name: str) -> None:
    settings.QUARTET_NODE = name
    [error] = node_name(None)
    assert error.id == "deployments.E001"
    assert "letters, digits, dots and hyphens" in error.hint
