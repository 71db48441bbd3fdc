"""In the admin deployments can be read and nothing of them changed, except that traffic can go back."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from apps.core.models import AuditEntry, User
from apps.deployments.models import Deployment, Node, Replica, Revision, Rollout, StageScale
from apps.registry.models import ModelVersion
from tests.deployments.makers import Fleet, approve, make_revision, make_version
from tests.world import World

MODELS = (Deployment, Revision, Rollout, StageScale, Replica, Node)


@pytest.fixture
def ben(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Client:
    """A reviewer whom somebody gave every permission on deployments, with one live revision to look at."""
    fleet.go_live(world, deployment, make_revision(world, deployment, version))
    world.ben.user_permissions.set(Permission.objects.filter(content_type__app_label="deployments"))
    return signed_in(world.ben)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_rows_can_be_read(ben: Client, model: type) -> None:
    base = f"/admin/deployments/{model.__name__.lower()}/"
    assert ben.get(base).status_code == 200
    assert ben.get(f"{base}{model.objects.first().pk}/change/").status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_nothing_can_be_added_changed_or_deleted(ben: Client, model: type) -> None:
    base = f"/admin/deployments/{model.__name__.lower()}/"
    row = f"{base}{model.objects.first().pk}/"
    before = list(model.objects.values())
    assert ben.post(f"{base}add/", {"name": "x"}).status_code == 403
    assert ben.post(f"{row}change/", {"name": "x", "state": "live"}).status_code == 403
    assert ben.post(f"{row}delete/", {"post": "yes"}).status_code == 403
    assert list(model.objects.values()) == before


@pytest.fixture
def kept(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> str:
    """The address of a deployment whose revision 1 is kept while revision 2 takes the traffic over."""
    fleet.go_live(world, deployment, make_revision(world, deployment, version))
    approve(world, make_revision(world, deployment, make_version(world, 2), keep_s=60))
    fleet.bring_up()
    return f"/admin/deployments/deployment/{deployment.pk}/"


def live(deployment: Deployment) -> int:
    deployment.refresh_from_db()
    assert deployment.live_revision
    return deployment.live_revision.number


def test_an_operator_sends_the_traffic_back(world: World, deployment: Deployment, kept: str) -> None:
    ada = signed_in(world.ada)
    assert live(deployment) == 2
    assert "Roll back to revision 1" in ada.get(f"{kept}change/").content.decode()
    said = ada.post(f"{kept}rollback/", follow=True).content.decode()
    assert "Traffic goes back to revision 1." in said
    assert live(deployment) == 1
    entry = AuditEntry.objects.get(action="rollout.rolled_back")
    assert (entry.actor, entry.detail) == (world.ada, {"revision": 1, "left": 2})


def test_who_may_not_operate_is_told_so_and_moves_nothing(world: World, deployment: Deployment, kept: str) -> None:
    world.ben.user_permissions.add(Permission.objects.get(codename="view_deployment"))
    ben = signed_in(world.ben)
    page = ben.get(f"{kept}change/").content.decode()
    assert "going back needs the operator role" in page
    assert "rollback/" not in page
    assert "ben may not" in ben.post(f"{kept}rollback/", follow=True).content.decode()
    assert live(deployment) == 2


def test_a_look_at_the_address_moves_nothing(world: World, deployment: Deployment, kept: str) -> None:
    signed_in(world.ada).get(f"{kept}rollback/")
    assert live(deployment) == 2


def test_where_nothing_is_kept_the_refusal_is_shown(world: World, deployment: Deployment, kept: str) -> None:
    ada = signed_in(world.ada)
    ada.post(f"{kept}rollback/")
    assert "keeps no earlier revision" in ada.post(f"{kept}rollback/", follow=True).content.decode()
    assert "No earlier revision is kept" in ada.get(f"{kept}change/").content.decode()
