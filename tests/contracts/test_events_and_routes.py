"""Every event is in the routing table, every line of the table leads somewhere, and each is documented."""

import importlib
import inspect
from dataclasses import fields
from pathlib import Path

import pytest
from django.apps import apps

from apps.core.events import Event
from workers.routes import ROUTES, listeners


def every_event() -> dict[str, type[Event]]:
    for config in apps.get_app_configs():
        if config.name.startswith("apps.") and importlib.util.find_spec(f"{config.name}.events"):
            importlib.import_module(f"{config.name}.events")
    return {cls.name: cls for cls in Event.__subclasses__() if cls.__module__.startswith("apps.")}


def test_every_event_has_a_line_in_the_routing_table() -> None:
    assert every_event().keys() == ROUTES.keys()


def test_every_listener_takes_the_events_fields() -> None:
    for name, heard_by in listeners().items():
        taken = {field.name: None for field in fields(every_event()[name])}
        for listener in heard_by:
            inspect.signature(listener).bind(event_id=None, **taken)


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_every_event_is_documented(name: str) -> None:
    assert f"`{name}`" in Path("docs/events.md").read_text()
