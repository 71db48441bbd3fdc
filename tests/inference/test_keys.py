"""API keys: shown once, kept as a hash, scoped, expiring, revocable."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from apps.core.clock import now
from apps.inference.errors import KeyNameTaken, UnknownScope
from apps.inference.models import ApiKey
from apps.inference.services import key_create, key_revoke
from tests.world import World


def bearer(text: str) -> APIClient:
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {text}")


def test_the_key_itself_is_not_kept(world: World) -> None:
    key, text = key_create(actor=world.ada, name="ci", scopes=["read"])
    stored = ApiKey.objects.filter(pk=key.pk).values().get()
    assert text not in str(stored)


def test_a_key_reads_as_its_user(world: World) -> None:
    assert bearer(world.key(world.ada, "read")).get("/api/v1/models").status_code == 200


def test_no_key_is_401(world: World) -> None:
    answer = APIClient().get("/api/v1/models")
    assert answer.status_code == 401
    assert answer.json()["error"]["fault"] == "caller"


def test_an_unknown_key_is_401(world: World) -> None:
    answer = bearer("qk_nobody").get("/api/v1/models")
    assert answer.status_code == 401
    assert answer.json()["error"]["message"] == "This API key is not known."


def test_a_revoked_key_is_403_and_says_since_when(world: World) -> None:
    key, text = key_create(actor=world.ada, name="ci", scopes=["read"])
    key_revoke(actor=world.ada, key_id=key.pk)
    answer = bearer(text).get("/api/v1/models")
    assert answer.status_code == 403
    assert "revoked on" in answer.json()["error"]["message"]


def test_an_expired_key_is_403(world: World) -> None:
    _, text = key_create(actor=world.ada, name="ci", scopes=["read"], expires_at=now() - timedelta(seconds=1))
    assert bearer(text).get("/api/v1/models").status_code == 403


def test_a_key_of_somebody_who_left_is_403(world: World) -> None:
    text = world.key(world.ada, "read")
    type(world.ada).objects.filter(pk=world.ada.pk).update(is_active=False)
    assert bearer(text).get("/api/v1/models").status_code == 403


def test_a_key_cannot_make_keys(world: World) -> None:
    client = bearer(world.key(world.ada, "read", "models:write"))
    answer = client.post("/api/v1/keys", {"name": "x", "scopes": ["infer"]})
    assert answer.status_code == 403


def test_a_scope_that_does_not_exist_is_named(world: World) -> None:
    with pytest.raises(UnknownScope, match="everything"):
        key_create(actor=world.ada, name="ci", scopes=["everything"])


def test_a_name_is_in_use_once_and_free_again_after_revoking(world: World) -> None:
    key, _ = key_create(actor=world.ada, name="ci", scopes=["read"])
    with pytest.raises(KeyNameTaken):
        key_create(actor=world.ada, name="ci", scopes=["read"])
    key_revoke(actor=world.ada, key_id=key.pk)
    key_create(actor=world.ada, name="ci", scopes=["read"])


def test_another_persons_key_is_out_of_reach(world: World) -> None:
    key, _ = key_create(actor=world.ada, name="ci", scopes=["read"])
    assert world.client(world.ben).delete(f"/api/v1/keys/{key.pk}").status_code == 404


def test_keys_are_made_and_revoked_over_rest(world: World) -> None:
    client = world.client(world.ada)
    made = client.post("/api/v1/keys", {"name": "ci", "scopes": ["infer"]}).json()
    assert made["key"].startswith("qk_")
    assert "key" not in client.get("/api/v1/keys").json()["results"][0]
    assert client.delete(f"/api/v1/keys/{made['id']}").json()["revoked_at"]
