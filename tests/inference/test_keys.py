"""API keys: shown once, kept as a hash, scoped, expiring, revocable."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from apps.core.clock import now
from apps.core.errors import NotFound
from apps.core.models import AuditEntry, User
from apps.inference.errors import KeyNameTaken, KeyRefused, UnknownScope
from apps.inference.models import ApiKey
from apps.inference.services import key_create, key_revoke, key_rotate
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


def test_a_key_of_which_nothing_is_said_expires_by_the_setting(world: World) -> None:
    key, _ = key_create(actor=world.ada, name="ci", scopes=["read"])
    assert key.expires_at is not None
    assert timedelta(days=89) < key.expires_at - now() <= timedelta(days=90)


def test_a_key_may_be_made_that_never_expires(world: World) -> None:
    made = world.client(world.ada).post("/api/v1/keys", {"name": "ci", "scopes": ["read"], "expires_at": None}).json()
    assert made["expires_at"] is None


def test_its_last_use_over_rest_is_known(world: World) -> None:
    key, text = key_create(actor=world.ada, name="ci", scopes=["read"])
    assert key.last_used_at is None
    bearer(text).get("/api/v1/models")
    key.refresh_from_db()
    assert key.last_used_at is not None
    assert now() - key.last_used_at < timedelta(minutes=1)


def test_many_uses_within_a_minute_are_written_once(world: World) -> None:
    _, text = key_create(actor=world.ada, name="ci", scopes=["read"])
    client = bearer(text)
    client.get("/api/v1/models")
    first = ApiKey.objects.get().last_used_at
    client.get("/api/v1/models")
    assert ApiKey.objects.get().last_used_at == first


def test_a_rotated_key_opens_the_same_and_the_old_one_goes_on_for_a_while(world: World) -> None:
    key, text = key_create(actor=world.ada, name="ci", scopes=["read"], deployments=["digits"])
    made = world.client(world.ada).post(f"/api/v1/keys/{key.pk}/rotate", {"overlap_s": 600}).json()
    assert (made["name"], made["scopes"], made["deployments"]) == ("ci", ["read"], ["digits"])
    assert [bearer(each).get("/api/v1/models").status_code for each in (text, made["key"])] == [200, 200]
    key.refresh_from_db()
    assert key.expires_at is not None
    assert timedelta(minutes=9) < key.expires_at - now() <= timedelta(minutes=10)
    assert AuditEntry.objects.get(action="key.rotated").detail["replaces"] == key.pk


def test_a_key_rotated_without_overlap_closes_the_old_at_once(world: World) -> None:
    key, text = key_create(actor=world.ada, name="ci", scopes=["read"])
    key_rotate(actor=world.ada, key_id=key.pk, overlap=timedelta(0))
    assert bearer(text).get("/api/v1/models").status_code == 403


def test_rotating_makes_no_key_live_longer_than_it_would_have(world: World) -> None:
    soon = now() + timedelta(minutes=1)
    key, _ = key_create(actor=world.ada, name="ci", scopes=["read"], expires_at=soon)
    key_rotate(actor=world.ada, key_id=key.pk)
    key.refresh_from_db()
    assert key.expires_at == soon


def test_a_key_can_be_rotated_again_and_again(world: World) -> None:
    key, _ = key_create(actor=world.ada, name="c" * 100, scopes=["read"])
    for _ in range(3):
        key, _ = key_rotate(actor=world.ada, key_id=key.pk)
    assert ApiKey.objects.filter(name="c" * 100).get() == key


def test_a_revoked_key_is_not_rotated_back_to_life(world: World) -> None:
    key, _ = key_create(actor=world.ada, name="ci", scopes=["read"])
    key_revoke(actor=world.ada, key_id=key.pk)
    with pytest.raises(KeyRefused, match="revoked"):
        key_rotate(actor=world.ada, key_id=key.pk)


def test_not_even_a_superuser_is_given_a_key_that_acts_for_another(world: World) -> None:
    key, _ = key_create(actor=world.ada, name="ci", scopes=["read"])
    with pytest.raises(NotFound):
        key_rotate(actor=User.objects.create_superuser("root"), key_id=key.pk)


def test_a_key_cannot_rotate_itself(world: World) -> None:
    key, text = key_create(actor=world.ada, name="ci", scopes=["read", "models:write"])
    assert bearer(text).post(f"/api/v1/keys/{key.pk}/rotate").status_code == 403
