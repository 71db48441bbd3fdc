"""Making a deployment."""

import pytest

from apps.core.errors import Forbidden
from apps.core.models import AuditEntry
from apps.deployments.errors import BadDeploymentName, DeploymentNameTaken
from apps.deployments.models import Deployment
from apps.deployments.services import deployment_create
from tests.world import World


def test_a_new_deployment_has_nothing_live(world: World) -> None:
    assert deployment_create(actor=world.ada, name="digits").live_revision is None


def test_it_is_written_down_who_made_it(world: World) -> None:
    deployment_create(actor=world.ada, name="digits")
    entry = AuditEntry.objects.get(action="deployment.created")
    assert (entry.actor, entry.target) == (world.ada, "deployment:digits")


@pytest.mark.parametrize("name", ["", "Digits", "9to5", "a--b", "a-", "a:b", "a/b", "a" * 64, "stats"])
def test_a_name_that_could_not_stand_in_an_address_is_refused(world: World, name: str) -> None:
    with pytest.raises(BadDeploymentName):
        deployment_create(actor=world.ada, name=name)


def test_a_name_is_given_once(world: World) -> None:
    deployment_create(actor=world.ada, name="digits")
    with pytest.raises(DeploymentNameTaken, match="already a deployment 'digits'"):
        deployment_create(actor=world.ada, name="digits")
    assert Deployment.objects.count() == 1


def test_who_may_not_operate_is_refused(world: World) -> None:
    with pytest.raises(Forbidden, match="ben may not create deployments"):
        deployment_create(actor=world.ben, name="digits")
