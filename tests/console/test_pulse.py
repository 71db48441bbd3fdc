"""What a pulse says."""

import pytest

from apps.console.pulse import pulses
from apps.console.selectors.versions import page_versions
from apps.core.clock import now
from apps.monitoring.services import windows_add
from tests.console.scene import Scene
from tests.monitoring.entries import entry, row

pytestmark = pytest.mark.django_db


def test_before_any_gateway_was_heard_everything_is_unknown(scene: Scene) -> None:
    pulse = pulses()["fleet"]
    assert pulse["behind"] is None
    assert pulse["figures"].pop("alerts.open") == ""
    assert set(pulse["figures"].values()) == {"—"}


def test_the_fleet_hears_of_every_deployment_and_a_deployment_of_itself(scene: Scene) -> None:
    moment = now().timestamp()
    windows_add(entries=[entry(1, row("digits", 2, requests=20, inputs={"image": 20}), to=moment - 1)])
    found = pulses()
    assert found["fleet"]["figures"]["digits.p95"] == "10 ms"
    assert found["fleet"]["figures"]["captions.rate"] == "0"
    own = found[f"deployment.{scene.digits.pk}"]
    assert set(own["figures"]) == {"alerts.open"} | {
        f"digits.{name}" for name in ("rate", "p50", "p95", "p99", "failed")
    }
    assert own["numbers"]["rates"].keys() == {"2"}
    assert own["numbers"]["inputs"].keys() == {"image"}
    assert 1 <= own["behind"] < 10


def test_it_carries_the_versions_that_pages_are_rendered_with(scene: Scene) -> None:
    versions = page_versions()
    assert {pulse["topic"]: pulse["version"] for pulse in pulses().values()} == versions
