"""The hot path and the apps cannot import each other, so the names both know are held together here."""

from datetime import timedelta
from typing import get_args

import pytest
from redis import Redis

from apps.core.clock import now
from apps.deployments.rules.streams import stage_stream
from apps.inference import services
from apps.inference.services import key_create
from apps.registry.rules.manifest_parts import (
    AudioInput,
    AudioType,
    ImageInput,
    ImageType,
    Tensor,
    TensorInput,
    TextInput,
    VideoInput,
    VideoType,
)
from tests.world import World
from workers.serving import media, names, routing


def test_both_sides_call_a_stage_stream_the_same() -> None:
    assert stage_stream("digits", 3, "all") == names.stage_stream("digits", 3, "all")


def test_both_sides_call_the_routing_the_same() -> None:
    assert services.ROUTING == names.ROUTING


def test_gateways_can_read_what_is_published(world: World, valkey: Redis) -> None:
    tomorrow = now() + timedelta(days=1)
    key, _ = key_create(actor=world.ada, name="ci", scopes=["infer"], deployments=["digits"], expires_at=tomorrow)
    services.routing_keep()
    table = routing.parse(valkey.get(services.ROUTING))  # type: ignore[arg-type]
    assert table.keys[key.hash].expires_at == tomorrow
    assert table.keys[key.hash].deployments == ("digits",)


@pytest.mark.parametrize("part", [TextInput, ImageInput, AudioInput, VideoInput, TensorInput])
def test_replicas_know_every_key_that_an_input_may_declare(part: type[Tensor]) -> None:
    assert part.model_fields.keys() <= set(routing.InputSpec.__struct_fields__)


def test_the_media_types_that_may_be_declared_are_those_that_can_be_decoded() -> None:
    assert set(get_args(ImageType)) == media.FORMATS["image"]
    assert set(get_args(AudioType)) == media.FORMATS["audio"]
    assert set(get_args(VideoType)) == media.FORMATS["video"]
