"""The hot path and the apps cannot import each other, so the names both know are held together here."""

from apps.deployments.rules.streams import stage_stream
from apps.inference import services
from workers.serving import names


def test_both_sides_call_a_stage_stream_the_same() -> None:
    assert stage_stream("digits", 3, "all") == names.stage_stream("digits", 3, "all")


def test_both_sides_call_the_routing_the_same() -> None:
    assert services.ROUTING == names.ROUTING
