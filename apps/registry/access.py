"""The only door to the registry's rows: fetching one and checking the right to it are one act.

Whoever is signed in may read models and versions; an upload belongs to the one who started it.
"""

from uuid import UUID

from apps.core.errors import NotFound
from apps.core.models import User
from apps.core.permissions import require
from apps.registry.models import RegisteredModel, Upload


def model_to_read(actor: User, name: str) -> RegisteredModel:
    """The model called `name`; raises NotFound."""
    model = RegisteredModel.objects.filter(name=name).select_related("created_by").first()
    if model is None or not actor.is_active:
        raise NotFound(f"There is no registered model '{name}'.")
    return model


def model_to_publish(actor: User, name: str) -> RegisteredModel:
    """The model called `name`, for one who may register versions and move aliases."""
    publisher(actor)
    return model_to_read(actor, name)


def publisher(actor: User) -> None:
    """Raise Forbidden unless `actor` may register models and versions and move aliases."""
    require(actor, "registry.publish_model", "change the registry")


def upload_own(actor: User, upload_id: UUID) -> Upload:
    """An upload that `actor` started; somebody else's is NotFound, as if it were not there."""
    publisher(actor)
    upload = Upload.objects.filter(pk=upload_id, created_by=actor).select_related("model", "version").first()
    if upload is None:
        raise NotFound(f"You have no upload {upload_id}.", remedy="Uploads are kept for a day: start a new one.")
    return upload
