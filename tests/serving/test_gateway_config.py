"""The gateway's settings: sensible without any, and refused with a sentence when they make no sense."""

from pathlib import Path

import pytest

from workers.serving.config import ConfigError, from_env

URL = {"REDIS_URL": "redis://127.0.0.1:6379/0"}


def test_one_setting_is_enough():
    config = from_env(URL)
    assert (config.bind, config.port, config.body_limit, config.max_in_flight) == ("127.0.0.1", 8401, 16 * 2**20, 512)


def test_the_routing_cache_lies_under_the_home():
    assert from_env(URL | {"QUARTET_HOME": "/srv/q"}).routing_cache == Path("/srv/q/gateway/routing.json")


def test_an_empty_setting_means_the_default():
    assert from_env(URL | {"QUARTET_GATEWAY_PORT": ""}).port == 8401


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REDIS_URL", ""),
        ("REDIS_URL", "localhost:6379"),
        ("QUARTET_GATEWAY_PORT", "http"),
        ("QUARTET_GATEWAY_PORT", "0"),
        ("QUARTET_GATEWAY_PORT", "70000"),
        ("QUARTET_BODY_LIMIT", "-5"),
        ("QUARTET_MAX_IN_FLIGHT", "0"),
        ("QUARTET_MAX_IN_FLIGHT", "many"),
        ("QUARTET_OUTAGE_GRACE_MS", "1.5"),
    ],
)
def test_nonsense_is_refused_by_name(name, value):
    with pytest.raises(ConfigError, match=name):
        from_env(URL | {name: value})
