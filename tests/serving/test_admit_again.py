"""What a head has led to is remembered with it, and holds no longer than the table and the key do."""

import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.serving import worlds
from workers.serving.admit import admit_head
from workers.serving.errors import KeyExpired, KeyRevoked, ModelUnknown
from workers.serving.http.exchange import Head
from workers.serving.routing import RoutingSnapshot, RoutingTable


def table(**key: object) -> RoutingTable:
    """A table in which the good key is changed so."""
    snapshot = msgspec.convert(worlds.snapshot(1, doubler=worlds.deployment()), RoutingSnapshot)
    keys = tuple(msgspec.structs.replace(each, **key) for each in snapshot.keys if each.hash == GOOD)
    return RoutingTable(msgspec.structs.replace(snapshot, keys=keys))


GOOD = worlds.snapshot(1)["keys"][0]["hash"]


def head() -> Head:
    return Head("POST", b"/v2/models/doubler/infer", {b"x-api-key": worlds.GOOD_KEY.encode()}, keep_alive=True)


def test_the_same_head_and_table_lead_to_the_same_deployment():
    routes, known = table(), head()
    assert admit_head(routes, known, "doubler") is admit_head(routes, known, "doubler") is routes.deployments["doubler"]


def test_a_key_that_expires_between_two_requests_is_refused_the_second():
    routes, known = table(expires_at=datetime.now(UTC) + timedelta(seconds=0.2)), head()
    admit_head(routes, known, "doubler")
    time.sleep(0.25)
    with pytest.raises(KeyExpired):
        admit_head(routes, known, "doubler")


def test_another_table_is_asked_anew():
    known = head()
    admit_head(table(), known, "doubler")
    with pytest.raises(KeyRevoked):
        admit_head(table(revoked=True), known, "doubler")


def test_a_refusal_is_not_remembered_as_a_leave():
    routes, known = table(), head()
    for _ in range(2):
        with pytest.raises(ModelUnknown):
            admit_head(routes, known, "other")
