"""Whatever goes wrong under /api/ has the shape of every REST error; people see pages."""

import pytest
from django.db import OperationalError as DatabaseTrouble
from django.test import Client
from psycopg import OperationalError, errors
from rest_framework.test import APIClient

from apps.registry.api.catalogue import ModelList
from tests.world import World


def test_an_address_that_is_none_is_answered_in_the_shape_of_errors(db: None) -> None:
    answer = APIClient().get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"]["fault"] == "caller"


def test_a_slash_too_many_is_named(db: None) -> None:
    answer = APIClient().get("/api/v1/models/")
    assert answer.status_code == 404
    assert "slash" in answer.json()["error"]["remedy"]


def test_a_bug_is_answered_in_the_shape_of_errors_and_tells_nothing_inward(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(self: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(ModelList, "get_queryset", bug)
    client = world.client(world.ada)
    client.raise_request_exception = False
    answer = client.get("/api/v1/models")
    assert answer.status_code == 500
    assert answer.json()["error"]["fault"] == "platform"
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("cause", "code", "said"),
    [
        (errors.DeadlockDetected("deadlock detected"), "collided", "another one at the same moment"),
        (errors.SerializationFailure("could not serialize"), "collided", "another one at the same moment"),
        (OperationalError("connection refused"), "database_unavailable", "cannot be reached"),
    ],
)
def test_a_collision_of_two_changes_is_not_called_an_outage(
    world: World, monkeypatch: pytest.MonkeyPatch, cause: Exception, code: str, said: str
) -> None:
    def fail(self: object) -> None:
        raise DatabaseTrouble(str(cause)) from cause

    monkeypatch.setattr(ModelList, "get_queryset", fail)
    answer = world.client(world.ada).get("/api/v1/models")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    error = answer.json()["error"]
    assert (error["code"], error["fault"]) == (code, "platform")
    assert said in error["message"]
    assert "Nothing was written" in error["remedy"]


def test_a_person_sees_a_page(db: None) -> None:
    assert "<html" in Client().get("/nothing").text


@pytest.mark.parametrize("page", ["/admin", "/deployments", "/login"])
def test_a_page_typed_without_its_slash_is_found(db: None, page: str) -> None:
    answer = Client().get(page)
    assert (answer.status_code, answer["Location"]) == (301, f"{page}/")
