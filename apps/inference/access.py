"""The only door to API keys: fetching one and checking the right to it are one act."""

from apps.core.errors import NotAuthenticated, NotFound
from apps.core.models import User
from apps.inference import rules
from apps.inference.errors import KeyRefused
from apps.inference.models import ApiKey


def key_presented(text: str) -> ApiKey:
    """The key whose text this is. Unknown: NotAuthenticated. Revoked or expired: KeyRefused, saying since when."""
    key = ApiKey.objects.select_related("user").filter(hash=rules.key_hash(text.strip())).first()
    if key is None:
        raise NotAuthenticated("This API key is not known.")
    if refusal := key.refusal():
        raise KeyRefused(refusal)
    return key


def key_for(actor: User, key_id: int) -> ApiKey:
    """The key with this id: the actor's own, or anybody's for a superuser."""
    keys = ApiKey.objects.select_related("user")
    key = (keys if actor.is_superuser else keys.filter(user=actor)).filter(pk=key_id).first()
    if key is None:
        raise NotFound(f"You have no API key {key_id}.")
    return key
