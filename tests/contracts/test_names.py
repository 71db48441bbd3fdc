"""The hot path and the apps cannot import each other, so the names both know are held together here."""

from datetime import timedelta
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from apps.core.clock import now
from apps.deployments.rules import recording
from apps.deployments.rules.streams import stage_stream
from apps.inference import services
from apps.inference.rules import ids
from apps.inference.selectors import predictions
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
from workers.serving import media, names, record, routing


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
    assert set(get_args(ImageType)) == media.formats("image")
    assert set(get_args(AudioType)) == media.formats("audio")
    assert set(get_args(VideoType)) == media.formats("video")


def test_both_sides_call_the_stream_of_predictions_the_same() -> None:
    assert predictions.PREDICTIONS == names.PREDICTIONS


@given(st.floats(0, 4e9))
def test_both_sides_tell_the_same_time_from_an_id(moment: float) -> None:
    told = ids.moment(UUID(bytes=record.new_id(moment)))
    assert told is not None
    assert int(told.timestamp() * 1000 + 0.5) == int(moment * 1000)


@pytest.mark.parametrize("field", [f for f in recording.DEFAULTS if f != "keep_days"])
def test_gateways_know_what_is_recorded(field: str) -> None:
    assert field in routing.Recording.__struct_fields__
    assert getattr(routing.Recording(), field) == recording.DEFAULTS[field]
