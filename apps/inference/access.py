"""The only door to API keys: fetching one and checking the right to it are one act."""

from apps.core.errors import NotFound
from apps.core.models import User
from apps.inference.models import ApiKey


def key_for(actor: User, key_id: int) -> ApiKey:
    """The key with this id: the actor's own, or anybody's for a superuser."""
    keys = ApiKey.objects.select_related("user")
    key = (keys if actor.is_superuser else keys.filter(user=actor)).filter(pk=key_id).first()
    if key is None:
        raise NotFound(f"You have no API key {key_id}.")
    return key
