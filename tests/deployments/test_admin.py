"""In the admin deployments can be read and nothing of them changed."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from apps.deployments.models import Deployment, Node, Replica, Revision, Rollout, StageScale
from apps.registry.models import ModelVersion
from tests.deployments.makers import Fleet, make_revision
from tests.world import World

MODELS = (Deployment, Revision, Rollout, StageScale, Replica, Node)


@pytest.fixture
def ben(world: World, deployment: Deployment, version: ModelVersion, fleet: Fleet) -> Client:
    """A reviewer whom somebody gave every permission on deployments, with one live revision to look at."""
    fleet.go_live(world, deployment, make_revision(world, deployment, version))
    world.ben.user_permissions.set(Permission.objects.filter(content_type__app_label="deployments"))
    client = Client()
    client.force_login(world.ben)
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
