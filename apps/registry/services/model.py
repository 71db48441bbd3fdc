"""Opening a name for versions."""

from django.db import transaction

from apps.core import audit
from apps.core.errors import Conflict
from apps.core.models import User
from apps.registry import access
from apps.registry.models import RegisteredModel
from apps.registry.rules import names


def model_create(*, actor: User, name: str, description: str = "") -> RegisteredModel:
    """Register the model `name`; raises BadName, or Conflict when the name is taken."""
    access.publisher(actor)
    names.model_name(name)
    with transaction.atomic():
        model, created = RegisteredModel.objects.get_or_create(
            name=name, defaults={"description": description, "created_by": actor}
        )
        if not created:
            raise Conflict(
                f"The name '{name}' is taken.", remedy="Choose another name, or add a version to that model."
            )
        audit.record(actor=actor, action="model.create", target=f"model:{name}", description=description)
    return model
