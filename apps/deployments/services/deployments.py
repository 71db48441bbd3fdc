"""Making deployments."""

from django.db import IntegrityError, transaction

from apps.core import audit
from apps.core.models import User
from apps.core.permissions import require
from apps.deployments.access import OPERATE
from apps.deployments.errors import DeploymentNameTaken
from apps.deployments.models import Deployment
from apps.deployments.rules.spec import check_deployment_name


def deployment_create(*, actor: User, name: str, description: str = "") -> Deployment:
    """Make an address that answers nothing yet; request a revision to put a version behind it."""
    require(actor, OPERATE, "create deployments")
    check_deployment_name(name)
    try:
        with transaction.atomic():
            deployment = Deployment.objects.create(name=name, description=description, created_by=actor)
            audit.record(actor=actor, action="deployment.created", target=f"deployment:{name}", description=description)
    except IntegrityError as error:
        raise DeploymentNameTaken(f"There is already a deployment '{name}'.") from error
    return deployment
