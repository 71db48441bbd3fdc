"""The routing snapshot: who may ask, and which revision answers."""

from collections import Counter
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serving import worlds
from workers.serving import errors
from workers.serving.routing import BadSnapshot, allow, choose, identify, opens, parse

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HOP = {"stage": "all", "stream": "s", "then": [], "joins": 0}


def table(**deployments):
    return parse(orjson.dumps(worlds.snapshot(7, **deployments)))


def test_a_published_snapshot_is_read_whole():
    routing = table(digits=worlds.deployment())
    stream = "quartet:stage:doubler:1:all"
    assert routing.number == 7 and routing.streams() == {stream, f"{stream}:high", f"{stream}:low"}


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"number": "1", "keys": [], "deployments": {}}'])
def test_bytes_that_are_no_snapshot_are_refused(raw):
    with pytest.raises(BadSnapshot):
        parse(raw)


@pytest.mark.parametrize(
    "wrong",
    [
        {"weight": -1},
        {"path": []},
        {"path": [HOP | {"then": [0]}]},
        {"path": [HOP | {"then": [1]}]},
        {"path": [HOP | {"joins": 1}]},
        {"path": [HOP, HOP]},
    ],
)
def test_a_split_that_leads_nowhere_is_refused(wrong):
    with pytest.raises(BadSnapshot, match="digits"):
        table(digits=worlds.deployment(splits=[worlds.split() | wrong]))


def test_a_known_key_is_identified():
    assert identify(table(), worlds.GOOD_KEY.encode(), NOW).id == 1


@pytest.mark.parametrize(
    ("secret", "error"),
    [
        (None, errors.KeyMissing),
        (b"", errors.KeyMissing),
        (b"guess", errors.KeyUnknown),
        (worlds.REVOKED_KEY.encode(), errors.KeyRevoked),
        (worlds.EXPIRED_KEY.encode(), errors.KeyExpired),
    ],
)
def test_any_other_key_is_refused(secret, error):
    with pytest.raises(error):
        identify(table(), secret, NOW)


@pytest.mark.parametrize("secret", [worlds.SCOPELESS_KEY, worlds.ELSEWHERE_KEY])
def test_a_key_without_the_right_opens_nothing(secret):
    key = identify(table(), secret.encode(), NOW)
    assert not opens(key, "digits")
    with pytest.raises(errors.KeyNotAllowed):
        allow(key, "digits")


def test_a_key_opens_the_deployments_it_names():
    allow(identify(table(), worlds.ELSEWHERE_KEY.encode(), NOW), "elsewhere")


def splits(*weights: int):
    return worlds.route(splits=[worlds.split(at + 1, weight) for at, weight in enumerate(weights)])


@given(st.text())
def test_the_same_token_always_meets_the_same_revision(token):
    assert choose(splits(30, 70), token) == choose(splits(30, 70), token)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=4).filter(any), st.integers(0, 2**32))
def test_weights_are_respected(weights, seed):
    count = 4000
    chosen = Counter(choose(splits(*weights), f"{seed}-{number}").revision for number in range(count))
    for at, weight in enumerate(weights):
        expected = count * weight / sum(weights)
        assert abs(chosen[at + 1] - expected) <= 5 * (expected + 1) ** 0.5 + 5 * (weight > 0)


@given(st.integers(0, 99), st.integers(1, 100), st.text())
def test_a_growing_canary_never_sends_a_token_back(before, more, token):
    after = min(before + more, 100)
    if choose(splits(100 - before, before), token).revision == 2:
        assert choose(splits(100 - after, after), token).revision == 2


def test_a_revision_without_weight_gets_nothing():
    assert {choose(splits(0, 100), str(number)).revision for number in range(1000)} == {2}


@pytest.mark.parametrize("weights", [(), (0,), (0, 0)])
def test_without_any_weight_the_deployment_is_not_ready(weights):
    with pytest.raises(errors.NotReady):
        choose(splits(*weights), "token")


def test_a_version_asked_for_is_taken_whatever_its_weight():
    assert choose(splits(100, 0), "token", version="2").revision == 2


def test_a_version_that_is_not_served_is_refused():
    with pytest.raises(errors.VersionUnknown, match="9"):
        choose(splits(100), "token", version="9")
