"""The admin shows the registry and changes nothing."""

from pathlib import Path

import pytest
from django.test import Client

from apps.core.models import AuditEntry, User
from apps.registry.models import ModelVersion
from apps.registry.services import alias_move
from tests.registry import artifact
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def version(world: World, home: Path) -> ModelVersion:
    version = artifact.version(world.ada)
    alias_move(actor=world.ada, model=version.model, alias="candidate", version=version)
    artifact.publisher(world.ada).send("a.bin", b"1")
    return version


@pytest.mark.parametrize("table", ["registeredmodel", "modelversion", "aliasmove", "upload"])
def test_every_table_is_listed(admin: Client, version: ModelVersion, table: str) -> None:
    answer = admin.get(f"/admin/registry/{table}/")

    assert answer.status_code == 200
    assert b"echo" in answer.content


def test_a_version_is_shown_with_its_files(admin: Client, version: ModelVersion) -> None:
    page = admin.get(f"/admin/registry/modelversion/{version.pk}/change/").content.decode()

    assert "weights/model.safetensors" in page
    assert 'name="_save"' not in page


def test_a_version_cannot_be_changed(admin: Client, version: ModelVersion) -> None:
    assert admin.post(f"/admin/registry/modelversion/{version.pk}/change/", {"state": "corrupt"}).status_code == 403
    assert admin.post(f"/admin/registry/modelversion/{version.pk}/delete/", {"post": "yes"}).status_code == 403


def test_which_aliases_are_protected_is_an_administrators_to_say(admin: Client, version: ModelVersion) -> None:
    page = f"/admin/registry/registeredmodel/{version.model_id}/change/"
    inlines = {f"aliases-{each}": 0 for each in ("TOTAL_FORMS", "INITIAL_FORMS")}
    refused = admin.post(page, {"protected_aliases": "champion,latest", **inlines})
    assert "is not an alias name" in refused.content.decode()
    assert admin.post(page, {"protected_aliases": "champion,candidate", **inlines}).status_code == 302
    version.model.refresh_from_db()
    assert version.model.protected_aliases == ["candidate", "champion"]
    entry = AuditEntry.objects.get(action="registeredmodel.changed")
    assert entry.target == "registeredmodel:echo"
